// Snapshots made by hand, and one of a group that works.

import KernelSupport
import UringBuffers
import UringQueue

/// One group with a different number in each place, a name that needs escaping, tags, histograms, and everything around.
func fullSnapshot() -> PoolSnapshot {
    var group = GroupSnapshot(name: "a \"b\"\\\nc", id: 7, capacity: 64, bufferSize: 4096)
    group.edges.published = 60
    group.edges.publishes = 4
    group.edges.selected = 20
    group.edges.recycled = 8
    group.edges.returned = 2
    group.edges.leased = 3
    group.edges.unleased = 2
    group.edges.receivedBytes = 70_000
    group.edges.starvations = 5
    group.edges.starvedNanoseconds = 1_500_000
    group.mode.level = .timed
    group.window = 40
    group.peakLent = 12
    group.availableLowWater = 33
    group.residentBytes = 81_920
    group.unreaped = 1
    group.holdTime = HoldHistogram([0, 1000, 1024, 5000, 1 << 40])
    group.deliveredBytes = HoldHistogram([1, 64, 4096])
    group.tags = [
        TagSnapshot(number: 1, name: "web", held: 5, sending: 1, peak: 6, total: 18),
        TagSnapshot(number: 2, held: 1, peak: 1, total: 1), TagSnapshot(number: 0, held: 2, peak: 1, total: 9),
    ]
    group.oldestHeld = GroupSnapshot.HeldBuffer(id: BufferID(3), tag: 1, sinceNanoseconds: 4_000_000_000)
    return PoolSnapshot(
        wallNanoseconds: 1_700_000_010_000_000_000, monotonicNanoseconds: 10_000_000_000, processID: 42,
        groups: [group, GroupSnapshot(name: "idle", capacity: 1, bufferSize: 1)],
        regions: [RegionSnapshot(name: "waits", byteCount: 4096, residentBytes: 4096, chargedBytes: 4096)],
        fixedTables: [FixedTableSnapshot(name: "files", slots: 8, used: 1, registeredBytes: 65_536, quarantined: 2)],
        memlock: MemlockSnapshot(limit: 8 << 20, ringBytes: 4096, regionBytes: 4096, fixedBytes: 65_536))
}

/// A group that received some messages, and still holds one.
func realSnapshot() throws -> PoolSnapshot {
    let queue = try UringQueue()
    let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 256, level: .forensic)
    let tag = group.makeTag(named: "test")!
    let monitor = PoolMonitor()
    monitor.watch(group, named: "receive")
    let pair = SocketPair(.unix)
    var kept: BufferBundle?
    for _ in 0..<20 {
        pair.write([UInt8](repeating: 1, count: 100))
        queue.receive(from: pair.reader, into: group, tag: 1)
        try queue.wait()
        queue.forEachCompletion { completion in
            guard case .buffer(var buffer) = group.take(completion) else { return }
            buffer.charge(to: tag)
            kept = BufferBundle(buffer)
        }
        group.refill()
    }
    let snapshot = monitor.snapshot(including: [.residency, .kernelHead, .buffers, .oldestHeld, .memlock])
    precondition(kept?.count == 1, "one buffer is out until here")
    return snapshot
}
