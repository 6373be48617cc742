// A run of consecutive positions as slots: one piece, or two where it passes the end of the ring.

/// The slots of `count` consecutive positions.
///
///      capacity 8, start slot 6, count 5:   first 6..<8, second 0..<3
///
/// ``second`` is empty unless the run wraps, and always starts at 0.
@frozen
public struct SlotRun: Hashable, Sendable {
    /// The slots up to the end of the run or of the ring, whichever comes first.
    public let first: Range<Int>
    /// The slots from 0 on, when the run passes the end of the ring.
    public let second: Range<Int>

    /// The slots of the `count` positions from `start` on. `count` must not exceed `capacity`.
    @inlinable
    public init(start: RingIndex, count: Int, capacity: RingCapacity) {
        precondition(
            count >= 0 && count <= capacity.entries, "a run of slots cannot be longer than the ring")
        let lower = start.slot(in: capacity)
        let inFirst = Swift.min(count, capacity.entries - lower)
        first = lower..<(lower + inFirst)
        second = 0..<(count - inFirst)
    }

    /// The number of slots in both pieces.
    @inlinable public var count: Int { first.count + second.count }

    /// Whether the run passes the end of the ring.
    @inlinable public var wraps: Bool { !second.isEmpty }
}
