// A histogram's samples: few wide buckets, each the sum of whole narrow ones.

import UringBuffers

extension MetricFamily {
    /// Adds cumulative buckets up to `1 << exponent` for each exponent, then the rest, the sum and the count.
    ///
    /// Values are whole nanoseconds or bytes. What lies below a power of two is at most that less one, and so the limits
    /// are printed: `le` includes its limit.
    mutating func add(_ histogram: HoldHistogram, exponents: [Int], _ label: Label) {
        let isTime = unit == "seconds"
        func value(_ value: Int) -> Value { isTime ? .nanoseconds(value) : .count(value) }
        for exponent in exponents {
            let bound = 1 << exponent
            samples.append(
                Sample(
                    suffix: "_bucket", labels: [label, ("le", value(bound - 1).text + (isTime ? "" : ".0"))],
                    value: .count(histogram.count(below: bound))))
        }
        let count = Value.count(histogram.count)
        samples.append(Sample(suffix: "_bucket", labels: [label, ("le", "+Inf")], value: count))
        samples.append(Sample(suffix: "_sum", labels: [label], value: value(histogram.sum)))
        samples.append(Sample(suffix: "_count", labels: [label], value: count))
    }

    /// 1 µs to 69 s: a factor of four each.
    static let timeExponents = Array(stride(from: 10, through: 36, by: 2))
    /// 64 bytes to 1 GiB.
    static let byteExponents = Array(stride(from: 6, through: 30, by: 2))
}
