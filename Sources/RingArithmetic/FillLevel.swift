// How full a ring is, from its two indices.

/// The number of entries between head and tail, which tells a full ring from an empty one at every capacity.
@frozen
public struct FillLevel: Hashable, Sendable {
    /// Entries published and not yet consumed, 0...capacity (`io_uring_buf_ring_available`).
    public let available: Int
    /// The ring's entry count.
    public let capacity: RingCapacity

    /// The fill of a ring, or `nil` when the indices are further apart than the ring is long: such a pair means that
    /// more was published than fits, or that the tail moved backwards. The kernel checks neither.
    @inlinable
    public init?(head: RingIndex, tail: RingIndex, capacity: RingCapacity) {
        let distance = tail.distance(from: head)
        guard distance <= capacity.entries16 else { return nil }
        available = Int(distance)
        self.capacity = capacity
    }

    /// Entries that can still be added, 0...capacity.
    @inlinable public var free: Int { capacity.entries - available }
    /// Nothing is published.
    @inlinable public var isEmpty: Bool { available == 0 }
    /// Every entry is published.
    @inlinable public var isFull: Bool { available == capacity.entries }
}
