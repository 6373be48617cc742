// What a table says of one group: levels now, and rates over a window.

public import UringBuffers

/// One group in numbers, most of which are of the window between two snapshots. `nil` is what is not known.
public struct GroupRow: Hashable, Sendable, Codable {
    public var name: String
    /// Buffers, and bytes in each.
    public var capacity: Int
    public var bufferSize: Int
    /// Buffers by state now; the six add up to the capacity.
    public var states: GroupSnapshot.States
    /// The fewest available buffers in the window.
    public var lowWater: Int
    /// Receives that found no buffer, each second, and those of them that came while free buffers were kept back.
    public var starvationsPerSecond: Double?
    public var avoidableStarvationsPerSecond: Double?
    /// Buffers given back on any thread, each second.
    public var recycledPerSecond: Double?
    /// Bytes received each second.
    public var bytesPerSecond: Double?
    /// For how long buffers were held that came back in the window, in seconds.
    public var holdMedian: Double?
    public var hold99: Double?
    /// Which part of the filled buffers' bytes remained free, 0...1.
    public var unusedRatio: Double?
    /// Bytes of the buffers that are in memory.
    public var residentBytes: Int?
    /// Rules of the books that do not hold.
    public var violations: [String]
    /// Audits that failed, and buffers lost to sends, ever.
    public var auditFailures: Int
    public var leaked: Int
    /// Who holds buffers, those with the most first.
    public var holders: [Holder]
    /// The buffer that is held the longest.
    public var oldest: Oldest?
    public var isClosed: Bool

    public struct Holder: Hashable, Sendable, Codable {
        public var tag: String
        public var held: Int
        /// The most that it ever held.
        public var peak: Int
    }

    public struct Oldest: Hashable, Sendable, Codable {
        public var id: BufferID
        /// Empty for nobody in particular.
        public var tag: String
        /// For how long it has been held.
        public var seconds: Double
    }

    /// Whether receives found no buffer in the window while none was free. A buffer that is free and not published yet
    /// is there with the next refill.
    public var isStarving: Bool { (starvationsPerSecond ?? 0) > (avoidableStarvationsPerSecond ?? 0) }

    init(_ group: GroupSnapshot, _ delta: GroupDelta?, at now: Int64) {
        name = group.name
        capacity = group.capacity
        bufferSize = group.bufferSize
        states = group.states
        lowWater = delta?.availableLowWater ?? group.availableLowWater
        starvationsPerSecond = delta?.rate(\.starvations)
        avoidableStarvationsPerSecond = delta?.rate(\.avoidableStarvations)
        recycledPerSecond = delta?.rate(\.recycled).flatMap { own in delta?.rate(\.returned).map { own + $0 } }
        bytesPerSecond = delta?.rate(\.receivedBytes)
        let hold = delta?.holdTime ?? group.holdTime
        holdMedian = hold?.quantile(0.5).map { $0 / 1e9 }
        hold99 = hold?.quantile(0.99).map { $0 / 1e9 }
        unusedRatio = delta?.unusedRatio
        residentBytes = group.residentBytes
        violations = group.violations
        auditFailures = group.auditFailures
        leaked = group.leaked
        holders = zip(MetricFamily.tagNames(group), group.tags).filter { $1.held > 0 }
            .sorted { ($1.1.held, $0.0) < ($0.1.held, $1.0) }
            .map { Holder(tag: $0, held: $1.held, peak: $1.peak) }
        oldest = group.oldestHeld.map {
            Oldest(
                id: $0.id, tag: MetricFamily.tagName(group, $0.tag),
                seconds: Swift.max(0, Double(now - $0.sinceNanoseconds) / 1e9))
        }
        isClosed = group.isClosed
    }
}
