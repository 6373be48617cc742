// Who consumes a buffer ring: an io_uring, or something that stands in for one.

internal import CUring

/// The other side of a buffer ring, for whoever simulates it (the UringBuffersTesting module).
package protocol BufferRingConsumer: AnyObject {
    /// Begins to consume a ring whose `entries` entries start at `base`; its head is 0. The memory stays until
    /// ``unregister(_:)``.
    func register(
        _ base: UnsafeMutableRawPointer, entries: Int, id: BufferGroupID, consumption: Consumption
    ) throws(UringError)
    func unregister(_ id: BufferGroupID) throws(UringError)
    /// The consumer's own head, free running.
    func head(of id: BufferGroupID) throws(UringError) -> UInt16
}

/// What a registration holds on to, and the calls that end or ask about it.
enum RingKernel {
    /// A duplicate, so that the number cannot be closed and reused under us.
    case descriptor(Int32)
    case consumer(any BufferRingConsumer)

    func unregister(_ id: BufferGroupID) throws(UringError) {
        switch self {
        case .descriptor(let descriptor):
            try SystemCalls.unregisterBufferRing(descriptor: descriptor, group: id.rawValue)
        case .consumer(let consumer): try consumer.unregister(id)
        }
    }

    func head(of id: BufferGroupID) throws(UringError) -> UInt16 {
        switch self {
        case .descriptor(let descriptor):
            try SystemCalls.bufferRingHead(descriptor: descriptor, group: id.rawValue)
        case .consumer(let consumer): try consumer.head(of: id)
        }
    }

    /// Closes the descriptor; call it once.
    func letGo() {
        if case .descriptor(let descriptor) = self { curing_close(descriptor) }
    }
}
