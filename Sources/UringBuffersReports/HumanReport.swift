// A snapshot as a page of text for people, which begins with the sum.

public import UringBuffers

/// One paragraph for each group: first the addition that must come out, then what it is about.
public enum HumanReport {
    /// Lines of at most 120 columns, as long as names are short.
    public static func render(_ snapshot: PoolSnapshot) -> String {
        var lines = snapshot.groups.flatMap(lines)
        for region in snapshot.regions {
            lines.append("region \(region.name): \(bytes(region.byteCount)), \(region.backing)")
        }
        for table in snapshot.fixedTables {
            lines.append(
                "fixed buffers \(table.name): \(table.used) of \(table.slots) slots, \(bytes(table.registeredBytes))"
                    + (table.quarantined > 0 ? ", \(table.quarantined) in quarantine" : ""))
        }
        if let memlock = snapshot.memlock {
            let limit = memlock.isExempt ? "exempt" : memlock.limit.map { "of \(bytes($0))" } ?? "no limit"
            lines.append("locked memory: \(bytes(memlock.chargedBytes)) charged, \(limit)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(_ group: GroupSnapshot) -> [String] {
        let states = group.states
        let sum = states.all.map { "\($0.count) \($0.name)" }.joined(separator: " + ")
        let isRight = states.total == group.capacity && group.balanced
        var lines = [
            "\(group.name): \(sum) = \(group.capacity) \(isRight ? "✓" : "✗")"
                + (group.isConsistent ? "" : " (read in the middle of a step)")
        ]
        lines += group.violations.map { "  ✗ \($0)" }
        lines.append(
            "  \(group.capacity) × \(bytes(group.bufferSize)), \(group.mode.consumption.rawValue), "
                + "\(group.mode.refill.rawValue), \(group.mode.backing)\(group.isClosed ? ", closed" : "")")
        lines.append(
            "  selected \(group.selected), given back \(group.recycled) here and \(group.returned) on other threads; "
                + "received \(bytes(group.receivedBytes))")
        lines.append(
            "  starved \(group.starvations) times, avoidably \(group.avoidableStarvations); "
                + "low water \(group.availableLowWater), high water \(group.peakLent) out, window \(group.window)")
        lines.append(
            "  memory: \(bytes(group.committedBytes)) of \(bytes(group.reservedBytes)) in use"
                + (group.residentBytes.map { ", \(bytes($0)) resident" } ?? "")
                + ", \(bytes(group.metadataBytes)) of books")
        if group.zeroCopySends > 0 {
            lines.append("  zero-copy sends: \(group.zeroCopySends), copied after all \(group.copiedSends)")
        }
        if let hold = group.holdTime, let median = hold.quantile(0.5), let most = hold.quantile(0.99) {
            lines.append("  held: half of them for at most \(time(median)), 99 % for at most \(time(most))")
        }
        for tag in group.tags where tag.held > 0 {
            let name = tag.name ?? (tag.number == 0 ? "others" : "tag \(tag.number)")
            lines.append("  \(name) holds \(tag.held), at most \(tag.peak), \(tag.total) in all")
        }
        if group.leaked > 0 { lines.append("  ✗ \(group.leaked) buffers are lost to sends that never ended") }
        return lines
    }

    /// In the largest binary unit that is not too large, with one decimal unless it is whole.
    static func bytes(_ count: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var unit = 0
        while unit + 1 < units.count, count.magnitude >= 1 << (10 * (unit + 1)) { unit += 1 }
        return decimal(Double(count) / Double(1 << (10 * unit))) + " " + units[unit]
    }

    static func time(_ nanoseconds: Double) -> String {
        switch nanoseconds {
        case ..<1000: "\(decimal(nanoseconds)) ns"
        case ..<1e6: "\(decimal(nanoseconds / 1e3)) µs"
        case ..<1e9: "\(decimal(nanoseconds / 1e6)) ms"
        default: "\(decimal(nanoseconds / 1e9)) s"
        }
    }

    private static func decimal(_ value: Double) -> String {
        let rounded = (value * 10).rounded() / 10
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }
}
