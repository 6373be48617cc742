// Regions, tables of fixed buffers and the locked-memory limit, as snapshots.

internal import Synchronization

extension RegionStorage {
    func snapshot(named name: String, including parts: SnapshotParts) -> RegionSnapshot {
        RegionSnapshot(
            name: name, byteCount: byteCount,
            residentBytes: parts.contains(.residency) ? unsafe Residency.bytes(at: baseAddress, count: byteCount) : nil,
            backing: kind == .kernel ? "kernel" : source.word,
            chargedBytes: MemlockPlan.Item.region(bytes: byteCount).bytes)
    }
}

extension FixedTable {
    func snapshot(named name: String) -> FixedTableSnapshot {
        books.withLock { books in
            var snapshot = FixedTableSnapshot(
                name: name, slots: books.slots.count, quarantined: books.quarantine.count, isClosed: books.isClosed)
            for case let entry? in books.slots {
                snapshot.used += 1
                snapshot.registeredBytes += entry.registration.byteCount
            }
            return snapshot
        }
    }
}

extension MemlockSnapshot {
    /// The limit now, and what is charged for the content of `snapshot`.
    init(of snapshot: PoolSnapshot) {
        let budget = MemlockBudget.current()
        let rings = snapshot.groups.filter { !$0.isClosed }.map {
            budget.charge(for: .bufferRing(entries: $0.capacity))
        }
        let regions = snapshot.regions.map { budget.charge(for: .region(bytes: $0.byteCount)) }
        let tables = snapshot.fixedTables.map { budget.charge(for: .fixedBuffers(bytes: $0.registeredBytes)) }
        self.init(
            limit: budget.limit, hardLimit: budget.hardLimit, isExempt: budget.isExempt,
            ringBytes: rings.reduce(0, +), regionBytes: regions.reduce(0, +), fixedBytes: tables.reduce(0, +),
            pinnedBytes: budget.pinnedBytes)
    }
}
