// What a refill did, and what may go on because of it.

/// The result of ``BufferGroup/refill()``.
public struct RefillOutcome: Hashable, Sendable {
    /// How many buffers were published.
    public let published: Int
    /// Receives to arm again, in the order in which they starved (``BufferGroup/rearmWhenRefilled(_:tag:)``). No more
    /// than there are buffers published.
    public let rearm: [UInt64]
    /// A watermark that was crossed since the last refill; each crossing is told once.
    public let edge: PressureEdge?

    @inlinable
    init(published: Int, rearm: [UInt64] = [], edge: PressureEdge? = nil) {
        self.published = published
        self.rearm = rearm
        self.edge = edge
    }
}
