// Why each request is refused, and what to do instead.

extension SelectionRefusal {
    /// One sentence: what the kernel would do, and what to do instead.
    public var reason: String {
        switch self {
        case .sendMessage:
            "The kernel answers EOPNOTSUPP to SENDMSG with buffer selection: use SEND, or name the memory."
        case .zeroCopySend:
            "The kernel answers EOPNOTSUPP to a zero-copy send with buffer selection: name the memory."
        case .write:
            "The kernel answers EOPNOTSUPP to a write with buffer selection: use SEND on sockets, or name the memory."
        case .fixedBuffer:
            "The kernel answers EOPNOTSUPP to fixed buffers with buffer selection: use READ, or leave out the selection."
        case .severalVectors:
            "The kernel answers EINVAL to more than one vector with buffer selection: use one, or none."
        case .bundledMessage:
            "The kernel answers EINVAL to RECVMSG with a bundle: leave out the bundle, or use RECV."
        case .multishotWaitAll:
            "The kernel answers EINVAL to a multishot receive with MSG_WAITALL: leave out one of the two."
        case .readMultishotOfFile:
            "The kernel answers EBADFD to a multishot read of what cannot be polled: read once for each buffer."
        case .readMultishotLength:
            "The kernel answers EINVAL to a multishot read with a length: use 0, and smaller buffers if need be."
        case .totalLength:
            "The kernel answers EINVAL to a total length outside a multishot RECV: leave it 0."
        case .lengthOutOfRange:
            "The kernel's fields hold lengths from 0 to 2 GiB - 1, and it answers EINVAL to more: use 0 for whole buffers."
        case .notASocket:
            "The kernel answers ENOTSOCK to receiving or sending on what is no socket: use READ or WRITE."
        case .socketFlagOnRead:
            "The kernel takes flags of socket operations on a read for an I/O priority and answers EINVAL: leave them out."
        case .headerLargerThanBuffer:
            "The kernel answers EFAULT because name and control room do not fit a buffer: use larger buffers, or less room."
        case .headerMeetsBufferEnd:
            "The kernel answers EFAULT when what is left of a buffer is smaller than the header: "
                + "register the ring with a minimumLeft above the header's size."
        case .incrementalWaitAll:
            "After a first piece the kernel gives the rest of the buffer to others and still writes there: "
                + "leave out MSG_WAITALL, or use whole buffers."
        case .incrementalTruncate:
            "The kernel uses up the size of the datagram, not what it wrote, and eats the buffers that follow: "
                + "leave out MSG_TRUNC, or use a multishot RECVMSG, whose header holds the size."
        case .incrementalAsyncLength:
            "The kernel moves on by the length that was asked for, not by what arrived, so the next bytes are not where "
                + "the sum of the results says: leave out IOSQE_ASYNC, or use length 0."
        case .incrementalFileLength:
            "What cannot be polled moves the kernel on by the length that was asked for, not by what was read, so the next "
                + "bytes are not where the sum of the results says: use length 0, or say that it is no regular file."
        case .incrementalBundleLength:
            "The kernel does not keep to the length of an incremental bundle and receives more: use length 0, "
                + "or leave out the bundle."
        case .bundleWaitAll:
            "After a first piece the kernel counts only the buffers used so far and fills more, which the next receive "
                + "overwrites: leave out MSG_WAITALL, or the bundle."
        case .bundleTruncate:
            "The result is the size of the datagram, so the walk over the bundle takes buffers that the kernel still owns: "
                + "leave out MSG_TRUNC, or use a multishot RECVMSG, whose header holds the size."
        case .incrementalBundleMinimum:
            "The kernel may skip the end of a buffer in the middle of a bundle without telling, so the bytes are not where "
                + "the sum says: register the ring with a minimumLeft of 0, or leave out the bundle."
        case .bundleAsyncLength:
            "The kernel ends the first buffer at the length and goes on in the next, so the bundle has a hole that the result "
                + "does not show: leave out IOSQE_ASYNC, or use length 0."
        case .truncateOnStream:
            "TCP throws the bytes away and reports them, so the buffer holds what it held before: leave out MSG_TRUNC."
        case .truncate:
            "The result is the size of the datagram and may be larger than the buffer, which looks like a bundle: "
                + "leave out MSG_TRUNC, or use a multishot RECVMSG, whose header holds the size."
        case .peekMultishot:
            "The kernel receives the same bytes again and again until no buffer is left: peek with one receive at a time."
        case .peekBundle:
            "The kernel receives in two rounds, and the second finds the bytes of the first again: leave out the bundle."
        case .peekWaitAll:
            "The kernel goes on until the length is full and finds the same bytes each time: leave out MSG_WAITALL."
        case .sendBundleLength:
            "The kernel keeps to the length in the first round only and sends more (before Linux 6.12 it answers EINVAL): "
                + "use length 0."
        case .skipSuccess:
            "The kernel uses up a buffer and posts no completion that names it: leave out IOSQE_CQE_SKIP_SUCCESS."
        case .incrementalSend:
            "The kernel uses up the length that was asked for even when it sends less, so unsent bytes are lost: "
                + "send from a group of whole buffers."
        case .headerFillsBuffer:
            "The header fills the buffer, so every message loses all of its bytes: use larger buffers, or less room."
        case .incrementalDatagram:
            "The kernel cuts the datagram that meets the end of a buffer: register the ring with a minimumLeft of the "
                + "largest datagram and its header, or say that it is no datagram socket."
        }
    }
}
