// Pressure told by its edges: once when free buffers become few, once when there are enough again.

/// The bounds of pressure, in free buffers (published or spare).
public struct Watermarks: Hashable, Sendable {
    /// Pressure begins when no more than this many are free.
    public let low: Int
    /// Pressure ends when at least this many are free again. Above `low`.
    public let high: Int

    public init(low: Int, high: Int) {
        demand(
            low >= 0 && high > low, "the high mark \(high) must be above the low mark \(low), which is 0 or more")
        self.low = low
        self.high = high
    }
}

/// A change of pressure.
public enum PressureEdge: Hashable, Sendable {
    /// Free buffers fell to the low mark: shed load.
    case low
    /// Free buffers are back at the high mark.
    case high
}

/// Remembers on which side of the marks a group is.
struct PressureGauge {
    let marks: Watermarks
    private var isLow = false

    init(_ marks: Watermarks) { self.marks = marks }

    /// The edge that was crossed, given the fewest free buffers since the last time and how many are free now.
    mutating func edge(fewest: Int, now: Int) -> PressureEdge? {
        if !isLow, fewest <= marks.low {
            isLow = true
            return .low
        }
        if isLow, now >= marks.high {
            isLow = false
            return .high
        }
        return nil
    }
}
