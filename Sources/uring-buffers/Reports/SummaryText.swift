// The books for a person.

import UringBuffers

enum SummaryText {
    static func render(_ summary: Summary) -> String {
        let books = summary.books
        var lines = [
            "pool         \(books.capacity) buffers of \(Amount.bytes(books.bufferSize)), "
                + "\(Amount.bytes(summary.poolResidentBytes)) of \(Amount.bytes(books.capacity * books.bufferSize)) resident",
            "moved        \(Amount.bytes(books.receivedBytes)) received, \(Amount.bytes(summary.counters.bytesSent)) sent, "
                + "\(summary.counters.connections) connections (\(summary.counters.peakConnections) at once, "
                + "\(summary.counters.refused) refused)",
            "buffers      \(books.selected) selected by the kernel, \(books.recycled + books.returned) given back, "
                + "at most \(books.peakLent) out at once",
            "window       \(books.window) published at the end; \(books.starvations) starvations, "
                + "\(books.avoidableStarvations) of them avoidable",
            "states       " + states(books.states),
            "memory       \(Amount.bytes(summary.peakResidentBytes)) resident at most, the whole process",
        ]
        if books.zeroCopySends > 0 { lines.append("zero-copy    " + zeroCopy(books)) }
        lines += books.violations.map { "violation    \($0)" }
        if !summary.missing.isEmpty {
            lines += summary.missing.description.split(separator: "\n").map { "missing      \($0)" }
        }
        lines.append(
            summary.balanced
                ? "books        balance, 0 buffers lost" : "books        DO NOT BALANCE, \(summary.lost) buffers lost")
        return lines.joined(separator: "\n")
    }

    private static func zeroCopy(_ books: GroupSnapshot) -> String {
        let counts = "\(books.zeroCopySends) sends, \(books.copiedSends) of them copied by the kernel after all"
        guard books.copiedSends * 2 > books.zeroCopySends else { return counts }
        return counts + ": --send plain is cheaper here (loopback, and some network devices, always copy)"
    }

    static func states(_ states: GroupSnapshot.States) -> String {
        "\(states.available) available + \(states.partial) partial + \(states.lent) lent + \(states.sending) sending + "
            + "\(states.cached) cached + \(states.retired) retired = \(states.total)"
    }
}

/// Numbers with units.
enum Amount {
    /// Bytes in binary units, with three digits.
    static func bytes(_ count: Int) -> String {
        var value = Double(count)
        var unit = 0
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        if unit == 0 { return "\(count) B" }
        let decimals = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
        let rounded = (value * decimals).rounded() / decimals
        return rounded == rounded.rounded() ? "\(Int(rounded)) \(units[unit])" : "\(rounded) \(units[unit])"
    }
}
