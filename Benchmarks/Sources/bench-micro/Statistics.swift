// Interleaved rounds and what is said about them.

/// The nanoseconds per buffer or wait of each round of one side.
struct Samples {
    var values: [Double] = []

    var minimum: Double { values.min()! }
    var median: Double { percentile(0.5) }
    func percentile(_ part: Double) -> Double {
        let sorted = values.sorted()
        return sorted[Int((Double(sorted.count - 1) * part).rounded())]
    }
}

/// One line of the report: the library (A) and the floor (B), measured in turn.
struct Row {
    let name: String
    var ours = Samples()
    var floor = Samples()

    /// Round by round, so that what disturbs both cancels out.
    var pairs: Samples { Samples(values: zip(ours.values, floor.values).map { $0 / $1 }) }
    var ratioOfMinima: Double { ours.minimum / floor.minimum }
    var ratioOfMedians: Double { ours.median / floor.median }

    static func heading(of unit: String) -> String {
        pad(unit, 40) + "  ours: min  median (p10–p90)"
            + "    floor: min  median (p10–p90)    ratio: min  median  pairs (p10–p90)"
    }

    var line: String {
        func side(_ s: Samples) -> String {
            pad(fixed(s.minimum), -6) + "  " + pad(fixed(s.median), -6) + " ("
                + fixed(s.percentile(0.1)) + "–" + fixed(s.percentile(0.9)) + ")"
        }
        return pad(name, 40) + "   " + pad(side(ours), 31) + pad(side(floor), 33)
            + pad(fixed(ratioOfMinima), -6) + "  " + pad(fixed(ratioOfMedians), -6) + "  "
            + fixed(pairs.median) + " (" + fixed(pairs.percentile(0.1)) + "–" + fixed(pairs.percentile(0.9)) + ")"
    }

    var json: String {
        "{\"name\": \"\(name)\", \"ours_ns\": \(ours.values), \"floor_ns\": \(floor.values)}"
    }
}

func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100)." + (rest < 10 ? "0" : "") + "\(rest)"
}

/// Pads on the right to `width`, or on the left when it is negative.
func pad(_ text: String, _ width: Int) -> String {
    let missing = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? missing + text : text + missing
}
