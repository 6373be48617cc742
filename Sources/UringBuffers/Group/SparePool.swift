// The free buffers that are not published, in the order in which they came back.

internal import RingArithmetic

/// A ring of bids with two ends: the warmest, which came back last and whose bytes are still in cache, and the oldest.
///
///      oldest ─▶ │ 4 │ 0 │ 7 │ 2 │ ◀─ warmest           push adds at the warm end
@safe
@usableFromInline
struct SparePool: ~Copyable {
    @usableFromInline let bids: UnsafeMutablePointer<UInt16>
    @usableFromInline let mask: Int
    @usableFromInline var oldest = 0
    @usableFromInline var count: Int

    /// Starts with every bid of the group, the lowest at the warm end, so that low addresses are published first.
    init(capacity: RingCapacity) {
        mask = Int(capacity.mask)
        count = capacity.entries
        unsafe bids = .allocate(capacity: capacity.entries)
        for position in 0..<count { unsafe (bids + position).initialize(to: UInt16(count - 1 - position)) }
    }

    // Inlinable because the compiler asserts when a setter that clients may inline destroys a noncopyable field.
    @inlinable deinit { unsafe bids.deallocate() }

    /// Puts one bid at the warm end. The state check of the caller makes sure that there is room.
    @inlinable
    mutating func push(_ bid: UInt16) {
        // Safe, here and below: masked.
        unsafe bids[(oldest &+ count) & mask] = bid
        count &+= 1
    }

    /// Takes the bid that came back last. The caller checked that there is one.
    @inlinable
    mutating func popWarmest() -> UInt16 {
        count &-= 1
        return unsafe bids[(oldest &+ count) & mask]
    }

    /// Takes the bid that has been here longest. The caller checked that there is one.
    @inlinable
    mutating func popOldest() -> UInt16 {
        count &-= 1
        defer { oldest = (oldest &+ 1) & mask }
        return unsafe bids[oldest]
    }
}
