// Every metric of a group: one table, for both text formats.

package import UringBuffers

extension MetricFamily {
    private typealias Edge = any KeyPath<GroupSnapshot.Edges, Int> & Sendable
    private typealias Level = any KeyPath<GroupSnapshot, Int> & Sendable

    /// Counters: name, unit, help, and the edge that is counted.
    private static let counters: [(name: String, unit: String, help: String, edge: Edge)] = [
        ("selected", "", "Buffers that completions named, with which the kernel is done.", \.selected),
        ("received_bytes", "bytes", "Bytes in completions that were taken.", \.receivedBytes),
        ("unused_bytes", "bytes", "Bytes that stayed free in buffers with which the kernel is done.", \.unusedBytes),
        ("published", "", "Buffers given to the kernel.", \.published),
        ("publishes", "", "Stores of the ring's tail; published buffers for each are the batch size.", \.publishes),
        ("starvations", "", "Completions with ENOBUFS.", \.starvations),
        (
            "avoidable_starvations", "", "Those of them that came while free buffers were kept back.",
            \.avoidableStarvations
        ),
        ("leased", "", "Buffers lent to sends.", \.leased),
        ("zerocopy_sends", "", "Zero-copy sends of buffers.", \.zeroCopySends),
        ("zerocopy_notifications", "", "Notifications that the kernel reads them no more.", \.zeroCopyNotifications),
        ("zerocopy_copied", "", "Notifications that told that the kernel copied after all.", \.copiedSends),
        ("trimmed_bytes", "bytes", "Bytes of spare buffers whose pages were given back.", \.trimmedBytes),
        ("leaked", "", "Buffers kept for ever because the kernel may still read them. Must be 0.", \.leaked),
        ("audit_failures", "", "Audits in which a rule of the books did not hold. Must be 0.", \.auditFailures),
    ]

    /// Gauges: name, unit, help, and the level.
    private static let gauges: [(name: String, unit: String, help: String, level: Level)] = [
        ("buffers_capacity", "", "Buffers of the group.", \.capacity),
        ("buffer_size_bytes", "bytes", "Bytes in each buffer.", \.bufferSize),
        ("buffers_available_low_water", "", "The fewest available buffers since the start.", \.availableLowWater),
        ("buffers_lent_high_water", "", "The most buffers that were out at once since the start.", \.peakLent),
        ("buffers_window", "", "Buffers that the refill policy wants available.", \.window),
        ("receives_waiting", "", "Receives that wait for a buffer.", \.waiting),
        ("held_bytes", "bytes", "Bytes of buffers that are partial, lent or sending.", \.heldBytes),
        ("reserved_bytes", "bytes", "Address space of the buffers.", \.reservedBytes),
        ("committed_bytes", "bytes", "Bytes of pages that are in use for buffers.", \.committedBytes),
        ("metadata_bytes", "bytes", "Bytes of ring entries, records and books.", \.metadataBytes),
        ("violations", "", "Rules of the books that do not hold now. Must be 0.", \.violations.count),
    ]

    /// Every metric of a snapshot. O(groups and tags).
    package static func families(of snapshot: PoolSnapshot) -> [MetricFamily] {
        let groups = named(snapshot.groups)
        return infos(groups) + flows(groups) + levels(groups, at: snapshot) + holders(groups) + distributions(groups)
            + surroundings(snapshot)
    }

    /// Groups with names of their own: two of the same name would be one series.
    private static func named(_ groups: [GroupSnapshot]) -> [(label: Label, group: GroupSnapshot)] {
        let names = unique(groups.map(\.name))
        return zip(names, groups).map { (("group", $0), $1) }
    }

    /// Which group is meant by each value of the label `group`: a name can go to another group.
    package static func serials(of snapshot: PoolSnapshot) -> [String: UInt64] {
        Dictionary(uniqueKeysWithValues: named(snapshot.groups).map { ($0.label.value, $0.group.serial) })
    }

    typealias Groups = [(label: Label, group: GroupSnapshot)]

    /// A second `x` becomes `x#2`.
    static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.map { name in
            var candidate = name
            var number = 2
            while !seen.insert(candidate).inserted {
                candidate = "\(name)#\(number)"
                number += 1
            }
            return candidate
        }
    }

    private static func infos(_ groups: Groups) -> [MetricFamily] {
        var info = MetricFamily("group", .info, "How a group was made.")
        for (label, group) in groups {
            info.add(
                1, label, ("bgid", String(group.id.rawValue)), ("consumption", group.mode.consumption.rawValue),
                ("refill", group.mode.refill.rawValue), ("backing", group.mode.backing),
                ("level", group.mode.level.rawValue))
        }
        return [info]
    }

    private static func flows(_ groups: Groups) -> [MetricFamily] {
        var families = counters.map { name, unit, help, edge in
            var family = MetricFamily(name, .counter, unit: unit, help)
            for (label, group) in groups { family.add(group.edges[keyPath: edge], label) }
            return family
        }
        var recycled = MetricFamily("recycled", .counter, "Buffers given back, on the owner's thread or on another.")
        var starved = MetricFamily(
            "starved_seconds", .counter, unit: "seconds", "Time from a starvation to the next publish.")
        for (label, group) in groups {
            recycled.add(group.recycled, label, ("path", "owner"))
            recycled.add(group.returned, label, ("path", "remote"))
            starved.add(seconds: group.starvedNanoseconds, label)
        }
        families += [recycled, starved]
        return families
    }

    private static func levels(_ groups: Groups, at snapshot: PoolSnapshot) -> [MetricFamily] {
        let families = gauges.map { name, unit, help, level in
            var family = MetricFamily(name, .gauge, unit: unit, help)
            for (label, group) in groups { family.add(group[keyPath: level], label) }
            return family
        }
        var states = MetricFamily("buffers", .gauge, "Buffers by state. The six add up to the capacity.")
        var consistent = MetricFamily(
            "snapshot_consistent", .gauge, "Whether the group was read between two steps of its owner.")
        var resident = MetricFamily("resident_bytes", .gauge, unit: "bytes", "Bytes of the buffers that are in memory.")
        var unreaped = MetricFamily(
            "buffers_unreaped", .gauge, "Buffers that the kernel selected and whose completions were not taken.")
        var oldest = MetricFamily(
            "oldest_held_timestamp_seconds", .gauge, unit: "seconds",
            "When the buffer that is held the longest was taken, and by whom; now when none is.")
        for (label, group) in groups {
            for (name, count) in group.states.all { states.add(count, label, ("state", name)) }
            consistent.add(group.isConsistent ? 1 : 0, label)
            if let bytes = group.residentBytes { resident.add(bytes, label) }
            if let count = group.unreaped { unreaped.add(count, label) }
            if group.mode.level != .counters {
                let since = group.oldestHeld?.sinceNanoseconds ?? snapshot.monotonicNanoseconds
                oldest.add(
                    seconds: Int(snapshot.wallNanoseconds - snapshot.monotonicNanoseconds + since), label,
                    ("tag", group.oldestHeld.map { tagName(group, $0.tag) } ?? ""))
            }
        }
        return families + [states, consistent, resident, unreaped, oldest]
    }
}
