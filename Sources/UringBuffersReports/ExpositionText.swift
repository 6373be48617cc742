// The two text formats that Prometheus reads.

public import UringBuffers

/// The exposition format 0.0.4 of Prometheus.
public enum PrometheusText {
    /// For the header of an answer.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Every metric of the snapshot. O(groups and tags).
    public static func render(_ snapshot: PoolSnapshot) -> String {
        var text = ""
        for family in MetricFamily.families(of: snapshot) where !family.samples.isEmpty {
            // Here a family has the name of its samples, and what OpenMetrics calls info is a gauge that is 1.
            let (ending, kind) =
                switch family.kind {
                case .counter: ("_total", "counter")
                case .info: ("_info", "gauge")
                case .gauge, .histogram: ("", family.kind.rawValue)
                }
            text += "# HELP \(family.name)\(ending) \(Exposition.escape(family.help, quotes: false))\n"
            text += "# TYPE \(family.name)\(ending) \(kind)\n"
            Exposition.append(family, to: &text)
        }
        return text
    }
}

/// OpenMetrics 1.0.
public enum OpenMetricsText {
    /// For the header of an answer.
    public static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    /// Every metric of the snapshot. O(groups and tags).
    public static func render(_ snapshot: PoolSnapshot) -> String {
        var text = ""
        for family in MetricFamily.families(of: snapshot) where !family.samples.isEmpty {
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            if !family.unit.isEmpty { text += "# UNIT \(family.name) \(family.unit)\n" }
            text += "# HELP \(family.name) \(Exposition.escape(family.help, quotes: true))\n"
            Exposition.append(family, to: &text)
        }
        return text + "# EOF\n"
    }

    /// Whether a client that sends this `Accept` header prefers this format to ``PrometheusText``: it names it, and does not
    /// refuse it with a weight of 0.
    public static func isPreferred(accept: String) -> Bool {
        accept.split(separator: ",").contains { part in
            let words = part.split(separator: ";").map { word in word.filter { $0 != " " && $0 != "\t" }.lowercased() }
            return words.first == "application/openmetrics-text" && !words.contains { $0 == "q=0" || $0 == "q=0.0" }
        }
    }
}

/// What both have in common.
enum Exposition {
    static func append(_ family: MetricFamily, to text: inout String) {
        for sample in family.samples {
            text += family.name + sample.suffix
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(escape($0.value, quotes: true))\"" }
                text += "{" + labels.joined(separator: ",") + "}"
            }
            text += " \(sample.value.text)\n"
        }
    }

    /// Backslashes and line ends, and in label values quotes.
    static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
