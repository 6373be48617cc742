// Whether a lease can be sent through a slot of fixed buffers.

internal import Glibc

extension SendLease {
    /// Why the bytes that are still to be sent cannot name `slot`; `nil` when they can, which a chain of several buffers
    /// never can. For stacks with a ring of their own: ask before the request is made. O(1).
    public func refusal(of slot: FixedSlot) -> FixedRefusal? {
        guard bufferCount == 1 else { return .otherMemory }
        var vector = unsafe iovec()
        let gathered = unsafe withUnsafeMutablePointer(to: &vector) { start in
            unsafe gather(into: UnsafeMutableBufferPointer(start: start, count: 1))
        }
        // Safe: the header lives as long as the lease; identity and address are only compared.
        return unsafe slot.refusal(
            of: UInt(bitPattern: vector.iov_base), count: gathered.bytes, in: header.pointee.slab.identity)
    }
}
