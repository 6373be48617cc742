// The free buffers that are not published, warmest first.

/// A stack of bids: the last to come back is the first to be published again, because its bytes are still in cache.
@safe
@usableFromInline
struct SparePool: ~Copyable {
    @usableFromInline let bids: UnsafeMutablePointer<UInt16>
    @usableFromInline var count: Int
    private let capacity: Int

    /// Starts with every bid of the group, so that the first ones published are the lowest.
    init(capacity: Int) {
        self.capacity = capacity
        unsafe bids = .allocate(capacity: capacity)
        for position in 0..<capacity { unsafe (bids + position).initialize(to: UInt16(capacity - 1 - position)) }
        count = capacity
    }

    // Inlinable because the compiler asserts when a setter that clients may inline destroys a noncopyable field.
    @inlinable deinit { unsafe bids.deallocate() }

    /// Puts one bid on top. The state check of the caller makes sure that there is room.
    @inlinable
    mutating func push(_ bid: UInt16) {
        unsafe bids[count] = bid
        count &+= 1
    }

    /// Takes the warmest bid. The caller checked that there is one.
    @inlinable
    mutating func pop() -> UInt16 {
        count &-= 1
        return unsafe bids[count]
    }
}
