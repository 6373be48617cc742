// Buffers on their way out: owned by the queue from the request to its end.

internal import CUring
import Glibc
internal import UringBuffers

/// One send of a chain under way: its buffers go back as they are sent.
struct OutgoingSend: ~Copyable {
    var bundle: BufferBundle
    let socket: Int32
    let tag: UInt64
    var sent = 0
    /// The caller wants it to end: what is not sent yet is not sent.
    var isCancelled = false
}

extension QueueState {
    /// The most buffers in one gathered send.
    static let vectorsPerSend = 1024

    mutating func startOutgoing(_ send: consuming OutgoingSend) {
        if refusesMessage(of: send.bundle.count, to: send.socket, tag: send.tag) { return }
        pushOutgoing(outgoing.insert(send))
    }

    /// Queues the next part of a send: one buffer with `send`, several with `sendmsg`.
    private mutating func pushOutgoing(_ slot: Int) {
        let wanted = Swift.min(outgoing[slot].bundle.count, QueueState.vectorsPerSend)
        let vectors = unsafe arena.allocate(iovec.self, count: wanted)
        let gathered = unsafe outgoing[slot].bundle.gather(into: vectors)
        // Safe: the table owns the buffers until the completion.
        unsafe pushGathered(
            UnsafeMutableBufferPointer(rebasing: vectors[..<gathered.buffers]), to: outgoing[slot].socket,
            tag: InternalTag.outgoing(slot), isZeroCopy: false, fixedBuffer: nil)
    }

    /// Queues a send of what `vectors` name, which live in the arena: one with `send`, several with `sendmsg`.
    mutating func pushGathered(
        _ vectors: UnsafeMutableBufferPointer<iovec>, to socket: Int32, tag: InternalTag, isZeroCopy: Bool,
        fixedBuffer: UInt16?
    ) {
        if vectors.count == 1 {
            return unsafe push(
                .send(
                    to: socket, vectors[0].iov_base, length: vectors[0].iov_len, isZeroCopy: isZeroCopy,
                    fixedBuffer: fixedBuffer, tag: tag.rawValue))
        }
        let message = unsafe arena.allocate(msghdr.self)
        unsafe message.initialize(
            repeating: msghdr(
                msg_name: nil, msg_namelen: 0, msg_iov: vectors.baseAddress, msg_iovlen: vectors.count,
                msg_control: nil, msg_controllen: 0, msg_flags: 0))
        // Safe: the arena keeps header and vectors until the kernel has copied them.
        unsafe push(.sendMessage(to: socket, message.baseAddress!, isZeroCopy: isZeroCopy, tag: tag.rawValue))
    }

    /// Gives sent buffers back; goes on with the rest, or tells the caller that the send ended.
    mutating func advanceOutgoing(_ slot: Int, result: Int32) -> Completion? {
        if result > 0 {
            outgoing[slot].bundle.drop(bytes: Int(result))
            outgoing[slot].sent += Int(result)
            if !outgoing[slot].bundle.isEmpty, !outgoing[slot].isCancelled {
                pushOutgoing(slot)
                return nil
            }
        }
        let send = outgoing.remove(slot)
        if send.isCancelled { cancelledSends -= 1 }
        // What earlier parts sent is sent, although a later one was cancelled.
        let isError = result < 0 && !(result == -UringErrno.cancelled && send.sent > 0)
        return Completion(tag: send.tag, result: isError ? result : Int32(clamping: send.sent), flags: [])
    }
}
