// The table as lines of text.

import UringBuffers

extension GroupTable {
    /// A line and what it is, for those who colour it.
    public struct Line: Hashable, Sendable {
        public enum Kind: Hashable, Sendable { case plain, heading, warning, failure }
        public var kind: Kind
        public var text: String

        public init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }
    }

    /// At most `width` columns, 40 or more: those that matter least are left out where there is no room.
    public func lines(width: Int = 120) -> [Line] {
        let columns = GroupTable.columns(within: width)
        var lines = [Line(kind: balanced ? .plain : .failure, text: summary)]
        lines.append(Line(kind: .heading, text: GroupTable.row(columns.map { ($0.title, $0) })))
        for row in rows {
            let kind: Line.Kind =
                !row.violations.isEmpty || row.leaked > 0 ? .failure : row.isStarving ? .warning : .plain
            lines.append(Line(kind: kind, text: GroupTable.row(columns.map { ($0.text(row), $0) })))
        }
        lines += rows.flatMap(remarks)
        return lines.map { Line(kind: $0.kind, text: String($0.text.prefix(width))) }
    }

    private var summary: String {
        let buffers = rows.map(\.capacity).reduce(0, +)
        let bytes = rows.map { $0.capacity * $0.bufferSize }.reduce(0, +)
        let locked = lockedBytes.map { charged in
            ", locked \(HumanReport.bytes(charged))" + (lockedLimit.map { " of \(HumanReport.bytes($0))" } ?? "")
        }
        return "process \(processID): \(balanced ? "the books balance ✓" : "THE BOOKS DO NOT BALANCE ✗"); "
            + "\(buffers) buffers, \(HumanReport.bytes(bytes))" + (locked ?? "")
    }

    /// What is wrong with a group, and who has its buffers.
    private func remarks(_ row: GroupRow) -> [Line] {
        var lines = row.violations.map { Line(kind: .failure, text: "✗ \(row.name): \($0)") }
        if row.auditFailures > 0 {
            lines.append(Line(kind: .failure, text: "✗ \(row.name): \(row.auditFailures) audits failed"))
        }
        if row.leaked > 0 {
            lines.append(
                Line(kind: .failure, text: "✗ \(row.name): \(row.leaked) buffers are lost to sends that never ended"))
        }
        if row.isStarving {
            let rate = GroupTable.count(row.starvationsPerSecond)
            lines.append(Line(kind: .warning, text: "! \(row.name) starves: \(rate) receives/s find no buffer"))
        }
        for holder in row.holders.prefix(3) {
            let part = GroupTable.percent(Double(holder.held) / Double(row.capacity))
            let isMost = holder.held * 2 > row.capacity
            lines.append(
                Line(
                    kind: isMost ? .warning : .plain,
                    text: "\(isMost ? "!" : " ") \(row.name): \(holder.tag) holds \(holder.held) (\(part)), "
                        + "at most \(holder.peak)"))
        }
        if let oldest = row.oldest {
            let isOld = oldest.seconds > 60
            let tag = oldest.tag.isEmpty ? "somebody" : oldest.tag
            lines.append(
                Line(
                    kind: isOld ? .warning : .plain,
                    text: "\(isOld ? "!" : " ") \(row.name): \(tag) has held buffer \(oldest.id) for "
                        + HumanReport.time(oldest.seconds * 1e9)))
        }
        return lines
    }

    // MARK: Columns

    private struct Column {
        let title: String
        let width: Int
        /// The least important have the highest and go first.
        let rank: Int
        let text: @Sendable (GroupRow) -> String
    }

    private static let all: [Column] = [
        Column(title: "NAME", width: 18, rank: 0) { mark($0) + $0.name },
        Column(title: "CAP", width: 6, rank: 4) { String($0.capacity) },
        Column(title: "AVAIL", width: 6, rank: 0) { String($0.states.available) },
        Column(title: "LOW", width: 6, rank: 1) { String($0.lowWater) },
        Column(title: "LENT", width: 6, rank: 0) { String($0.states.lent) },
        Column(title: "SEND", width: 6, rank: 6) { String($0.states.sending) },
        Column(title: "CACHE", width: 6, rank: 7) { String($0.states.cached) },
        Column(title: "STARVE/s", width: 9, rank: 1) { count($0.starvationsPerSecond) },
        Column(title: "RECYC/s", width: 9, rank: 3) { count($0.recycledPerSecond) },
        Column(title: "BYTES/s", width: 11, rank: 2) { $0.bytesPerSecond.map { HumanReport.bytes(Int($0)) } ?? "–" },
        Column(title: "p50", width: 9, rank: 8) { $0.holdMedian.map { HumanReport.time($0 * 1e9) } ?? "–" },
        Column(title: "p99", width: 9, rank: 2) { $0.hold99.map { HumanReport.time($0 * 1e9) } ?? "–" },
        Column(title: "WASTE", width: 6, rank: 9) { $0.unusedRatio.map(percent) ?? "–" },
        Column(title: "RESIDENT", width: 10, rank: 5) { $0.residentBytes.map(HumanReport.bytes) ?? "–" },
    ]

    private static func columns(within width: Int) -> [Column] {
        var columns = all
        while columns.map({ $0.width + 1 }).reduce(-1, +) > width,
            let least = columns.indices.max(by: { columns[$0].rank < columns[$1].rank }), columns[least].rank > 0
        {
            columns.remove(at: least)
        }
        return columns
    }

    /// Names to the left, numbers to the right.
    private static func row(_ cells: [(text: String, column: Column)]) -> String {
        cells.map { text, column in
            let isName = column.title == "NAME"
            let cut = text.count > column.width ? text.prefix(column.width - 1) + "…" : text[...]
            let space = String(repeating: " ", count: column.width - cut.count)
            return isName ? cut + space : space + cut
        }.joined(separator: " ")
    }

    private static func mark(_ row: GroupRow) -> String {
        !row.violations.isEmpty || row.leaked > 0 ? "✗ " : row.isStarving ? "! " : row.isClosed ? "- " : "  "
    }

    private static func count(_ value: Double?) -> String {
        guard let value else { return "–" }
        return value < 10 && value > 0 ? "\((value * 10).rounded() / 10)" : String(Int(value.rounded()))
    }

    private static func percent(_ ratio: Double) -> String { "\(Int((ratio * 100).rounded())) %" }
}
