// Requests to files as the kernel wants them.

internal import CUring

enum FileDirection { case read, write }

extension curing_submission {
    /// A read or write of `length` bytes of memory at `address`, through a slot of fixed buffers when one is named.
    static func file(
        _ direction: FileDirection, _ file: Int32, at offset: Int, address: UInt64, length: Int, fixedBuffer: Int?,
        tag: UInt64
    ) -> Self {
        var made = Self()
        switch direction {
        case .read: made.opcode = fixedBuffer == nil ? CURING_OP_READ : CURING_OP_READ_FIXED
        case .write: made.opcode = fixedBuffer == nil ? CURING_OP_WRITE : CURING_OP_WRITE_FIXED
        }
        made.fd = file
        made.offset = UInt64(offset)
        made.address = address
        // The kernel transfers no more than that at a time.
        made.length = UInt32(Swift.min(length, 0x7fff_f000))
        if let fixedBuffer { made.buffer_group = UInt16(fixedBuffer) }
        made.user_data = tag
        return made
    }
}
