// A metric as data: what both text formats are written from.

/// All samples of one name.
struct MetricFamily {
    enum Kind: String {
        case counter, gauge, histogram, info
    }

    /// A line: labels, and what goes behind the family's name.
    struct Sample {
        var suffix = ""
        var labels: [(name: String, value: String)]
        /// As it is printed.
        var value: String
    }

    /// Without `_total` and `_info`.
    let name: String
    let kind: Kind
    /// `bytes` or `seconds`, the end of the name; empty for plain counts.
    let unit: String
    let help: String
    var samples: [Sample] = []

    init(_ name: String, _ kind: Kind, unit: String = "", _ help: String) {
        self.name = "uring_buffers_" + name
        self.kind = kind
        self.unit = unit
        self.help = help
    }

    mutating func add(_ value: Int, _ labels: (name: String, value: String)...) {
        samples.append(Sample(suffix: suffix, labels: labels, value: String(value)))
    }

    mutating func add(seconds nanoseconds: Int, _ labels: (name: String, value: String)...) {
        samples.append(Sample(suffix: suffix, labels: labels, value: Self.seconds(nanoseconds)))
    }

    /// What stands behind the name of a sample that is not a bucket.
    private var suffix: String {
        switch kind {
        case .counter: "_total"
        case .info: "_info"
        case .gauge, .histogram: ""
        }
    }

    /// The shortest decimal that reads back as the same number.
    static func seconds(_ nanoseconds: Int) -> String { "\(Double(nanoseconds) / 1e9)" }
}
