// The last resort: a receive into a buffer that the queue chooses, when the socket has something.

internal import CUring
internal import UringBuffers

extension QueueRing {
    /// Receives with recv(2) into the next published buffer. `nil` when there is nothing to receive.
    func receive(from socket: Int32, limit: Int, tag: UInt64) -> Completion? {
        guard let entry = peekEntry() else { return Completion(tag: tag, result: -UringErrno.noBuffers, flags: []) }
        let length = limit > 0 ? min(limit, Int(entry.length)) : Int(entry.length)
        // A published buffer is nobody's, and has that many bytes.
        let result = curing_receive(socket, entry.address, UInt64(length))
        if result == -Int64(UringErrno.again) { return nil }
        guard result > 0 else { return Completion(tag: tag, result: Int32(result), flags: []) }
        skipEntry()
        handOut()
        return Completion(
            tag: tag, result: Int32(result), flags: CompletionFlags(rawValue: UInt32(entry.bid) << 16).union(.buffer))
    }
}
