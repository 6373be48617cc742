// Looks at pools from any thread, and after their end.

internal import Glibc
internal import Synchronization

/// Reads the books of whatever it watches, on any thread, without disturbing those who work.
///
/// ```swift
/// let monitor = PoolMonitor()
/// monitor.watch(group, named: "receive")          // on the thread that owns the group
/// let snapshot = monitor.snapshot()               // on any, as often as you like
/// print(snapshot.groups[0].states.available)
/// ```
///
/// A snapshot takes below a microsecond for each group unless more is asked for. The owner is never held up: it counts
/// in words that only it writes, and a reader that met it in the middle of a step tries again, a bounded number of times.
/// A group that is gone stays in the snapshots as it was at its end, until ``unwatch(_:)``; regions and tables leave them.
public final class PoolMonitor: Sendable {
    private let watched = Locked(WatchList())

    /// Watches nothing yet.
    public init() {}

    /// Includes a group in later snapshots. Any thread that may use the group.
    public func watch(_ group: borrowing BufferGroup, named name: String) {
        // Safe: the group lives, hence its header.
        let ledger = unsafe group.header.pointee.ledger
        ledger.watch()
        watched.change { $0.groups.append((name, ledger)) }
    }

    /// Includes every class of a pool, as `name/4096` for buffers of 4096 bytes.
    public func watch(_ pool: borrowing BufferPool, named name: String) {
        for index in 0..<pool.count { watch(pool[class: index], named: "\(name)/\(pool.bufferSizes[index])") }
    }

    /// Includes a memory region, as long as it lives.
    public func watch(_ region: borrowing MemoryRegion, named name: String) {
        let region = Weak(region.storage)
        watched.change { $0.regions.append((name, region)) }
    }

    /// Includes a table of fixed buffers, as long as it lives.
    public func watch(_ table: borrowing FixedBufferTable, named name: String) {
        let table = Weak(table.table)
        watched.change { $0.tables.append((name, table)) }
    }

    /// Forgets whatever has this name, and the classes of a pool of this name.
    public func unwatch(_ name: String) {
        let classes = name + "/"
        watched.change { lists in
            lists.groups.removeAll { $0.name == name || $0.name.hasPrefix(classes) }
            lists.regions.removeAll { $0.name == name }
            lists.tables.removeAll { $0.name == name }
        }
    }

    /// What is known now. Any thread.
    public func snapshot(including parts: SnapshotParts = []) -> PoolSnapshot {
        let lists = watched.value
        var snapshot = PoolSnapshot(
            wallNanoseconds: Int64(MonotonicClock.wall), monotonicNanoseconds: Int64(MonotonicClock.now),
            processID: getpid())
        snapshot.groups.reserveCapacity(lists.groups.count)
        for (name, ledger) in lists.groups {
            if let group = ledger.snapshot(named: name, including: parts) { snapshot.groups.append(group) }
        }
        for (name, region) in lists.regions {
            guard let storage = region.object else { continue }
            snapshot.regions.append(storage.snapshot(named: name, including: parts))
        }
        for (name, table) in lists.tables {
            guard let table = table.object else { continue }
            snapshot.fixedTables.append(table.snapshot(named: name))
        }
        if parts.contains(.memlock) { snapshot.memlock = MemlockSnapshot(of: snapshot) }
        return snapshot
    }
}

/// What is watched.
private struct WatchList {
    var groups: [(name: String, ledger: GroupLedger)] = []
    var regions: [(name: String, region: Weak<RegionStorage>)] = []
    var tables: [(name: String, table: Weak<FixedTable>)] = []
}

/// Something that is watched and not kept.
private final class Weak<Object: AnyObject & Sendable>: Sendable {
    weak let object: Object?
    init(_ object: Object) { self.object = object }
}
