// Metrics of holders, of distributions, and of what lies around the groups: regions, tables, the locked-memory limit.

import UringBuffers

extension MetricFamily {
    static func holders(_ groups: Groups) -> [MetricFamily] {
        var buffers = MetricFamily("tag_buffers", .gauge, "Buffers and segments that a tag holds.")
        var peak = MetricFamily("tag_buffers_high_water", .gauge, "The most that a tag held at once.")
        var charged = MetricFamily("tag_charged", .counter, "All that was ever charged to a tag.")
        for (label, group) in groups {
            for (name, tag) in zip(tagNames(group), group.tags) {
                buffers.add(tag.lent, label, ("tag", name), ("state", "lent"))
                buffers.add(tag.sending, label, ("tag", name), ("state", "sending"))
                peak.add(tag.peak, label, ("tag", name))
                charged.add(tag.total, label, ("tag", name))
            }
        }
        return [buffers, peak, charged]
    }

    /// Tags without a name are numbers, and those that are not listed one by one are others.
    static func tagNames(_ group: GroupSnapshot) -> [String] {
        unique(group.tags.map { $0.name ?? ($0.number == 0 ? "other" : String($0.number)) })
    }

    /// A tag as it is called everywhere; nothing for nobody.
    static func tagName(_ group: GroupSnapshot, _ number: Int) -> String {
        if number == 0 { return "" }
        return group.tags.firstIndex { $0.number == number }.map { tagNames(group)[$0] } ?? String(number)
    }

    static func distributions(_ groups: Groups) -> [MetricFamily] {
        var hold = MetricFamily(
            "hold_seconds", .histogram, unit: "seconds", "Time from taking a buffer to its return.")
        var flight = MetricFamily(
            "zerocopy_inflight_seconds", .histogram, unit: "seconds",
            "Time from a zero-copy send to its notification.")
        var delivered = MetricFamily(
            "delivered_bytes", .histogram, unit: "bytes", "Bytes in each buffer with which the kernel was done.")
        for (label, group) in groups {
            if let histogram = group.holdTime { hold.add(histogram, exponents: timeExponents, label) }
            if let histogram = group.zeroCopyInFlight { flight.add(histogram, exponents: timeExponents, label) }
            if let histogram = group.deliveredBytes { delivered.add(histogram, exponents: byteExponents, label) }
        }
        return [hold, flight, delivered]
    }

    static func surroundings(_ snapshot: PoolSnapshot) -> [MetricFamily] {
        regions(snapshot.regions) + tables(snapshot.fixedTables) + (snapshot.memlock.map(memlock) ?? [])
    }

    private static func regions(_ regions: [RegionSnapshot]) -> [MetricFamily] {
        var length = MetricFamily("region_bytes", .gauge, unit: "bytes", "Bytes of a registered memory region.")
        var resident = MetricFamily(
            "region_resident_bytes", .gauge, unit: "bytes", "Bytes of a region that are in memory.")
        for (name, region) in zip(unique(regions.map(\.name)), regions) {
            length.add(region.byteCount, ("region", name))
            if let bytes = region.residentBytes { resident.add(bytes, ("region", name)) }
        }
        return [length, resident]
    }

    private static func tables(_ tables: [FixedTableSnapshot]) -> [MetricFamily] {
        var slots = MetricFamily("fixed_slots", .gauge, "Slots of a table of fixed buffers.")
        var used = MetricFamily("fixed_slots_used", .gauge, "Slots that hold memory.")
        var bytes = MetricFamily("fixed_registered_bytes", .gauge, unit: "bytes", "Bytes in the slots.")
        var quarantined = MetricFamily(
            "fixed_quarantined", .gauge, "Registrations that left their slot and may still be used.")
        for (name, table) in zip(unique(tables.map(\.name)), tables) {
            slots.add(table.slots, ("table", name))
            used.add(table.used, ("table", name))
            bytes.add(table.registeredBytes, ("table", name))
            quarantined.add(table.quarantined, ("table", name))
        }
        return [slots, used, bytes, quarantined]
    }

    private static func memlock(_ memlock: MemlockSnapshot) -> [MetricFamily] {
        var limit = MetricFamily(
            "memlock_limit_bytes", .gauge, unit: "bytes", "The locked-memory limit; absent without one.")
        if let bytes = memlock.limit, !memlock.isExempt { limit.add(bytes) }
        var charged = MetricFamily(
            "memlock_charged_bytes", .gauge, unit: "bytes",
            "What is charged to it for what is watched, by our arithmetic.")
        charged.add(memlock.ringBytes, ("mechanism", "rings"))
        charged.add(memlock.regionBytes, ("mechanism", "regions"))
        charged.add(memlock.fixedBytes, ("mechanism", "fixed"))
        var pinned = MetricFamily(
            "memlock_pinned_bytes", .gauge, unit: "bytes", "Bytes that the process has pinned (VmPin).")
        pinned.add(memlock.pinnedBytes)
        return [limit, charged, pinned]
    }
}
