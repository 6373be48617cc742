// Threads that read the books while the owner works as fast as it can, other threads give back, and the group goes.

import Glibc
import KernelSupport
import Synchronization
import TestSupport
import Testing
import UringBuffers

@Suite struct RacingReaderTests {
    @Test(arguments: AccountingLevel.allCases, [Consumption.whole, .incremental()])
    func everyConsistentSnapshotBalances(level: AccountingLevel, consumption: Consumption) throws {
        try withSeed { random in
            let monitor = PoolMonitor()
            let readers = (0..<2).map { Reader(monitor, detailed: $0 == 1) }
            let threads = readers.map { reader in OtherThread { reader.read() } }
            for _ in 0..<4 { try live(monitor, level, consumption, &random) }
            for reader in readers { reader.stop() }
            for thread in threads { thread.join() }
            for reader in readers {
                #expect(reader.wrong.isEmpty, "\(reader.wrong.prefix(3))")
                #expect(reader.consistent > 0, "of \(reader.snapshots) snapshots none was consistent")
            }
            // As they were at the end.
            let last = monitor.snapshot()
            #expect(last.groups.count == 4 && last.isConsistent && last.balanced)
            for group in last.groups {
                #expect(group.states.lent == 0 && group.selected == group.recycled + group.returned)
                #expect(group.selected > 0 && group.returned > 0 && group.recycled > 0)
            }
        }
    }

    /// The life of one group, from its beginning to its end.
    private func live(
        _ monitor: PoolMonitor, _ level: AccountingLevel, _ consumption: Consumption, _ random: inout SplitMix64
    ) throws {
        let kernel = PlayedKernel(bufferSize: 64, seed: random.next())
        let group = try BufferGroup(
            consumer: kernel, id: 1, capacity: 32, bufferSize: 64, consumption: consumption, refill: .adaptive,
            level: level, wakeOnReturn: nil)
        monitor.watch(group, named: "racing")
        let lane = Lane()
        let other = OtherThread { lane.endEverything() }
        var leases: [Handoff<SendLease>] = []
        for step in 0..<1500 {
            let completion = kernel.complete(bytes: 1 + random.below(200), most: 4, quietly: false)
            switch group.take(result: completion.result, flags: completion.flags) {
            case .buffer(let buffer):
                if random.oneIn(3) {
                    lane.put(buffer)
                } else if random.oneIn(4) {
                    leases.append(Handoff(SendLease(buffer)))
                } else {
                    buffer.recycle()
                }
            case .bundle(var bundle):
                if random.oneIn(2), let first = bundle.next() { lane.put(first) }
                if random.oneIn(2) { leases.append(Handoff(SendLease(bundle))) } else { bundle.recycle() }
            default: break
            }
            if leases.count > 3 { leases.removeFirst().end() }
            if step % 8 == 0 { group.refill() }
        }
        #expect(group.audit().isEmpty)
        for lease in leases { lease.end() }
        lane.finish()
        other.join()
        try group.close()
    }
}

/// Reads until it is stopped, and remembers what was wrong.
private final class Reader: @unchecked Sendable {
    // @unchecked: one thread reads; the results are looked at after its end.
    private let monitor: PoolMonitor
    private let parts: SnapshotParts
    private let isStopped = Atomic<Bool>(false)
    private var earlier: [UInt64: GroupSnapshot] = [:]
    private(set) var snapshots = 0
    private(set) var consistent = 0
    private(set) var wrong: [String] = []

    init(_ monitor: PoolMonitor, detailed: Bool) {
        self.monitor = monitor
        parts = detailed ? [.buffers, .oldestHeld, .residency, .kernelHead] : []
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    func read() {
        while !isStopped.load(ordering: .relaxed) {
            for group in monitor.snapshot(including: parts).groups { check(group) }
        }
    }

    private func check(_ group: GroupSnapshot) {
        snapshots += 1
        if group.states.total != group.capacity { wrong.append("\(group.states) are not \(group.capacity)") }
        if let buffers = group.buffers, buffers.count != group.capacity { wrong.append("\(buffers.count) rows") }
        if group.unreaped != nil { wrong.append("the kernel was asked on another thread") }
        guard group.isConsistent else { return }
        consistent += 1
        if !group.balanced { wrong.append("\(group.violations)") }
        let states = group.states
        for (name, count) in states.all where count < 0 || count > group.capacity {
            wrong.append("\(count) are \(name)")
        }
        if group.peakLent > group.capacity || group.availableLowWater > group.capacity { wrong.append("\(group)") }
        if let before = earlier[group.serial] {
            let delta = group.edges.delta(since: before.edges)
            for (name, count) in Self.growth(delta) where count < 0 {
                wrong.append("\(name) went back by \(-count): \(before.edges) → \(group.edges)")
            }
            if group.peakLent < before.peakLent { wrong.append("the peak went back") }
        }
        earlier[group.serial] = group
    }

    private static func growth(_ delta: GroupSnapshot.Edges) -> [(String, Int)] {
        [
            ("selected", delta.selected), ("received", delta.receivedBytes), ("unused", delta.unusedBytes),
            ("recycled", delta.recycled), ("returned", delta.returned), ("published", delta.published),
            ("publishes", delta.publishes), ("begun", delta.partialsBegun), ("finished", delta.partialsFinished),
            ("leased", delta.leased), ("unleased", delta.unleased), ("starvations", delta.starvations),
            ("starved", delta.starvedNanoseconds), ("trimmed", delta.trimmedBytes),
        ]
    }
}
