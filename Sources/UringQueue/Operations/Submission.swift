// Requests as the kernel wants them: the one place that fills submission entries.

internal import CUring
import Glibc

extension curing_submission {
    private init(_ opcode: UInt8, _ descriptor: Int32, tag: UInt64) {
        self.init()
        self.opcode = opcode
        fd = descriptor
        user_data = tag
    }

    static func nop(tag: UInt64) -> Self { Self(CURING_OP_NOP, -1, tag: tag) }

    static func acceptMultishot(_ listener: Int32, tag: UInt64) -> Self {
        var made = Self(CURING_OP_ACCEPT, listener, tag: tag)
        made.ioprio = CURING_ACCEPT_MULTISHOT
        made.op_flags = UInt32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        return made
    }

    static func connect(_ socket: Int32, _ address: UnsafeRawPointer, length: Int, tag: UInt64) -> Self {
        var made = Self(CURING_OP_CONNECT, socket, tag: tag)
        made.address = UInt64(UInt(bitPattern: address))
        made.offset = UInt64(length)
        return made
    }

    static func receive(
        _ socket: Int32, group: UInt16, flags: UInt16, limit: UInt32, budget: UInt32, tag: UInt64
    ) -> Self {
        var made = Self(CURING_OP_RECV, socket, tag: tag)
        made.flags = CURING_SQE_BUFFER_SELECT
        made.buffer_group = group
        made.ioprio = flags
        made.length = limit
        made.optlen = budget
        return made
    }

    /// Where other requests name a descriptor these two name a number of buffers.
    static func provideBuffers(
        _ count: Int, at address: UInt64, length: UInt32, firstBid: UInt16, group: UInt16, tag: UInt64
    ) -> Self {
        var made = Self(CURING_OP_PROVIDE_BUFFERS, Int32(count), tag: tag)
        made.address = address
        made.length = length
        made.offset = UInt64(firstBid)
        made.buffer_group = group
        return made
    }

    static func removeBuffers(_ count: Int, group: UInt16, tag: UInt64) -> Self {
        var made = Self(CURING_OP_REMOVE_BUFFERS, Int32(count), tag: tag)
        made.buffer_group = group
        return made
    }

    static func send(
        to socket: Int32, _ bytes: UnsafeRawPointer, length: Int, isZeroCopy: Bool = false, fixedBuffer: UInt16? = nil,
        tag: UInt64
    ) -> Self {
        var made = Self(isZeroCopy ? CURING_OP_SEND_ZC : CURING_OP_SEND, socket, tag: tag)
        if isZeroCopy { made.ioprio = CURING_SEND_ZC_REPORT_USAGE }
        if isZeroCopy, let fixedBuffer {
            made.ioprio |= CURING_RECVSEND_FIXED_BUF
            // The kernel reads the slot where receives name their group.
            made.buffer_group = fixedBuffer
        }
        made.address = UInt64(UInt(bitPattern: bytes))
        made.length = UInt32(length)
        made.op_flags = sendFlags
        return made
    }

    static func sendMessage(
        to socket: Int32, _ message: UnsafePointer<msghdr>, isZeroCopy: Bool = false, tag: UInt64
    ) -> Self {
        var made = Self(isZeroCopy ? CURING_OP_SENDMSG_ZC : CURING_OP_SENDMSG, socket, tag: tag)
        if isZeroCopy { made.ioprio = CURING_SEND_ZC_REPORT_USAGE }
        made.address = UInt64(UInt(bitPattern: message))
        made.length = 1
        made.op_flags = sendFlags
        return made
    }

    /// Whole or not at all as far as the peer allows, and an error instead of a signal when it is gone.
    private static var sendFlags: UInt32 { UInt32(MSG_WAITALL | MSG_NOSIGNAL) }

    static func shutdown(_ socket: Int32, how: Int32, tag: UInt64) -> Self {
        var made = Self(CURING_OP_SHUTDOWN, socket, tag: tag)
        made.length = UInt32(how)
        return made
    }

    static func close(_ descriptor: Int32, tag: UInt64) -> Self { Self(CURING_OP_CLOSE, descriptor, tag: tag) }

    static func timeout(_ time: UnsafePointer<timespec>, tag: UInt64) -> Self {
        var made = Self(CURING_OP_TIMEOUT, -1, tag: tag)
        made.address = UInt64(UInt(bitPattern: time))
        made.length = 1
        return made
    }

    static func cancel(tag cancelled: UInt64, tag: UInt64) -> Self {
        var made = Self(CURING_OP_ASYNC_CANCEL, -1, tag: tag)
        made.address = cancelled
        return made
    }

    static func cancelAll(on descriptor: Int32, tag: UInt64) -> Self {
        var made = Self(CURING_OP_ASYNC_CANCEL, descriptor, tag: tag)
        made.op_flags = CURING_ASYNC_CANCEL_ALL | CURING_ASYNC_CANCEL_FD
        return made
    }

    /// The kernel reads the 32-bit poll mask with its half-words swapped on big-endian machines; Linux for x86-64 and
    /// arm64 is little-endian.
    static func poll(_ descriptor: Int32, for events: Int32, tag: UInt64) -> Self {
        var made = Self(CURING_OP_POLL_ADD, descriptor, tag: tag)
        made.op_flags = UInt32(events)
        return made
    }

    static func pollMultishot(_ descriptor: Int32, tag: UInt64) -> Self {
        var made = poll(descriptor, for: POLLIN, tag: tag)
        made.length = CURING_POLL_ADD_MULTI
        return made
    }
}
