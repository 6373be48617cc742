// Which class a receive should select from.

/// The class that ``BufferPool/choose(for:)`` found for a receive.
public struct PoolChoice: Hashable, Sendable {
    /// Why it is this class.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// It has the smallest buffers that hold what is expected.
        case fits
        /// It has the largest buffers, and no class holds what is expected in one.
        case largest
        /// The classes below that hold it have nothing left; this one is larger than need be.
        case larger
        /// No class that holds it has anything left; this one takes it in pieces.
        case smaller
        /// No class has anything left. It is the class that would suit; a receive would starve at once.
        case exhausted
    }

    /// The place of the class in the pool's list.
    public let index: Int
    /// The group's id, for the request.
    public let id: BufferGroupID
    /// Bytes in each buffer.
    public let bufferSize: Int
    public let reason: Reason

    /// The rule by itself: `sizes` ascend. O(classes).
    package static func decide(
        sizes: [Int], expected: Int, hasRoom: (Int) -> Bool
    ) -> (index: Int, reason: Reason) {
        let holding = sizes.firstIndex { $0 >= expected }
        let first = holding ?? sizes.count - 1
        if hasRoom(first) { return (first, holding == nil ? .largest : .fits) }
        for index in (first + 1)..<Swift.max(sizes.count, first + 1) where hasRoom(index) { return (index, .larger) }
        for index in (0..<first).reversed() where hasRoom(index) { return (index, .smaller) }
        return (first, .exhausted)
    }
}
