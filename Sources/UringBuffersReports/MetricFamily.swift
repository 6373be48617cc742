// A metric as data: what both text formats are written from, and what is published elsewhere.

/// All samples of one name.
package struct MetricFamily {
    package enum Kind: String {
        case counter, gauge, histogram, info
    }

    /// A number as it was counted: exact.
    package enum Value: Equatable {
        case count(Int)
        case nanoseconds(Int)

        /// In the base unit, seconds for times: the shortest decimal that reads back as the same number.
        var text: String {
            switch self {
            case .count(let count): String(count)
            case .nanoseconds(let nanoseconds): "\(Double(nanoseconds) / 1e9)"
            }
        }
    }

    package typealias Label = (name: String, value: String)

    /// A line: labels, and what goes behind the family's name.
    package struct Sample {
        package var suffix = ""
        package var labels: [Label]
        package var value: Value
    }

    /// Without `_total` and `_info`.
    package let name: String
    package let kind: Kind
    /// `bytes` or `seconds`, the end of the name; empty for plain counts.
    let unit: String
    let help: String
    package internal(set) var samples: [Sample] = []

    init(_ name: String, _ kind: Kind, unit: String = "", _ help: String) {
        self.name = "uring_buffers_" + name
        self.kind = kind
        self.unit = unit
        self.help = help
    }

    mutating func add(_ value: Int, _ labels: Label...) {
        samples.append(Sample(suffix: suffix, labels: labels, value: .count(value)))
    }

    mutating func add(seconds nanoseconds: Int, _ labels: Label...) {
        samples.append(Sample(suffix: suffix, labels: labels, value: .nanoseconds(nanoseconds)))
    }

    /// What stands behind the name of a sample that is not a bucket.
    private var suffix: String {
        switch kind {
        case .counter: "_total"
        case .info: "_info"
        case .gauge, .histogram: ""
        }
    }
}
