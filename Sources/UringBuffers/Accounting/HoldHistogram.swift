// A histogram with four buckets for each power of two: how long, how many bytes, how many.

/// Counts of values from 0 on, in buckets at most a quarter as wide as their lower end.
///
///      value     0  1  2  3 │ 4  5  6  7 │ 8 10 12 14 │ 16 20 24 28 │ …       lower ends
///      bucket    0  1  2  3 │ 4  5  6  7 │ 8  9 10 11 │ 12 13 14 15 │ …
///
/// The middle of a bucket is within 12.5 % of each value in it; values below 8 are exact. Powers of two are always ends of
/// buckets, so that coarser buckets for export are sums of whole ones.
public struct HoldHistogram: Hashable, Sendable, Codable {
    /// How many values fell into each bucket, up to the last that holds any.
    public private(set) var counts: [Int]
    /// The sum of all values. Its unit is that of the values: nanoseconds, bytes or buffers.
    public private(set) var sum: Int

    /// Buckets that hold every value of 63 bits.
    public static let bucketCount = 248

    /// An empty one.
    public init() {
        counts = []
        sum = 0
    }

    /// From counts for the first buckets, none below 0, and the sum of the values. O(buckets).
    public init(counts: [Int], sum: Int) {
        demand(counts.count <= HoldHistogram.bucketCount, "a histogram has \(HoldHistogram.bucketCount) buckets")
        self.counts = counts
        self.sum = sum
        trim()
    }

    /// From values, none below 0.
    public init(_ values: some Sequence<Int>) {
        self.init()
        for value in values { add(value) }
    }

    /// Counts one value, 0 or more.
    public mutating func add(_ value: Int) {
        let bucket = HoldHistogram.bucket(of: value)
        if bucket >= counts.count { counts += repeatElement(0, count: bucket + 1 - counts.count) }
        counts[bucket] += 1
        sum &+= value
    }

    /// How many values there are.
    public var count: Int { counts.reduce(0, +) }

    /// Whether there are no values.
    public var isEmpty: Bool { counts.isEmpty }

    /// The mean of the values, `nil` without any.
    public var mean: Double? { isEmpty ? nil : Double(sum) / Double(count) }

    /// The bucket of a value; values below 0 belong into the first.
    @inlinable
    public static func bucket(of value: Int) -> Int {
        if value < 4 { return Swift.max(0, value) }
        let octave = Int.bitWidth - 1 - value.leadingZeroBitCount
        return (octave - 1) * 4 + (value >> (octave - 2)) & 3
    }

    /// The least value of a bucket, 0..<``bucketCount``.
    public static func lowerBound(of bucket: Int) -> Int {
        bucket < 4 ? bucket : (4 + bucket & 3) << (bucket / 4 - 1)
    }

    /// The greatest value of a bucket.
    public static func upperBound(of bucket: Int) -> Int {
        bucket == bucketCount - 1 ? .max : lowerBound(of: bucket + 1) - 1
    }

    /// The value below which the part `q` of all values lies, 0...1, to the middle of its bucket; `nil` without values.
    public func quantile(_ q: Double) -> Double? {
        let rank = Swift.max(1, Int((q * Double(count)).rounded(.up)))
        var seen = 0
        for bucket in counts.indices {
            seen += counts[bucket]
            guard seen >= rank else { continue }
            let (low, high) = (HoldHistogram.lowerBound(of: bucket), HoldHistogram.upperBound(of: bucket))
            return Double(low) + Double(high - low) / 2
        }
        return nil
    }

    /// The least value of the first bucket that holds any: the least value, to its bucket. `nil` without values.
    public var least: Int? { counts.firstIndex { $0 > 0 }.map(HoldHistogram.lowerBound) }

    /// How many values lie below `bound`, which must be an end of a bucket: any power of two.
    public func count(below bound: Int) -> Int {
        let bucket = HoldHistogram.bucket(of: bound)
        demand(HoldHistogram.lowerBound(of: bucket) == bound, "\(bound) is not an end of a bucket")
        return counts.prefix(bucket).reduce(0, +)
    }

    /// The values that came since `earlier`, an older state of the same histogram.
    public func subtracting(_ earlier: HoldHistogram) -> HoldHistogram {
        var counts = counts
        for (bucket, count) in earlier.counts.enumerated() where bucket < counts.count { counts[bucket] -= count }
        return HoldHistogram(counts: counts, sum: sum &- earlier.sum)
    }

    private mutating func trim() {
        while counts.last == 0 { counts.removeLast() }
    }
}
