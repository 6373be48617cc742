// The monitor on real rings: groups, pools, regions and tables, and what is left of them afterwards.

import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct PoolMonitorTests {
    @Test func groupsStayAsTheyWereAtTheirEnd() throws {
        let ring = try BareRing()
        let monitor = PoolMonitor()
        do {
            let group = try BufferGroup(ring: ring.descriptor, id: 4, capacity: 16, bufferSize: 4096)
            monitor.watch(group, named: "short")
            let now = monitor.snapshot(including: [.residency, .kernelHead, .memlock])
            #expect(now.groups.count == 1 && now.isConsistent && now.balanced && now.processID > 0)
            let seen = now.groups[0]
            #expect(seen.name == "short" && seen.id == 4 && !seen.isClosed && seen.states.available == 16)
            #expect(seen.capacity == 16 && seen.bufferSize == 4096 && seen.reservedBytes == 65536)
            #expect(seen.residentBytes == 0 && seen.metadataBytes > 16 * 24 && seen.window == 16)
            #expect(seen.unreaped == group.books().unreaped && seen.mode == GroupSnapshot.Mode())
            #expect(seen.availableLowWater == 16 && seen.peakLent == 0 && seen.heldBytes == 0)
            let memlock = try #require(now.memlock)
            #expect(memlock.isExempt || memlock.ringBytes > 0)
            onOtherThread {
                // Not the owner: it cannot ask the kernel, and sees the rest.
                let elsewhere = monitor.snapshot(including: [.kernelHead, .buffers]).groups[0]
                #expect(elsewhere.unreaped == nil && elsewhere.states == seen.states && elsewhere.buffers?.count == 16)
            }
            try group.close()
            #expect(monitor.snapshot().groups[0].isClosed)
        }
        let last = monitor.snapshot(including: [.residency, .buffers])
        #expect(last.groups.count == 1 && last.groups[0].isClosed && last.groups[0].name == "short")
        #expect(last.groups[0].residentBytes == nil && last.groups[0].buffers == nil)
        monitor.unwatch("short")
        #expect(monitor.snapshot().groups.isEmpty)
    }

    /// A group that is dropped with buffers out shows them until they are home.
    @Test func whatIsOutAfterTheGroupIsStillCounted() throws {
        let driver = try QueueDriver(entries: 8)
        let pair = SocketPair()
        let monitor = PoolMonitor()
        var held: [Handoff<ProvidedBuffer>] = []
        do {
            let group = try BufferGroup(ring: driver.descriptor, id: 4, capacity: 8, bufferSize: 16)
            monitor.watch(group, named: "dropped")
            for _ in 0..<2 {
                pair.write([1, 2, 3])
                driver.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
                guard case .buffer(let buffer) = group.take(try driver.completions(atLeast: 1)[0]) else {
                    Issue.record("no buffer")
                    return
                }
                held.append(Handoff(buffer))
            }
        }
        #expect(monitor.snapshot().groups[0].states.lent == 2)
        held[0].end()
        let one = monitor.snapshot().groups[0]
        #expect(one.states.lent == 1 && one.returned == 1 && one.balanced && one.isConsistent)
        let last = Handoff(held[1].take())
        onOtherThread { last.end() }
        let none = monitor.snapshot().groups[0]
        #expect(none.states.lent == 0 && none.selected == 2 && none.returned == 2 && none.balanced)
    }

    @Test func poolsRegionsAndTablesAreWatched() throws {
        let ring = try BareRing()
        let monitor = PoolMonitor()
        do {
            let pool = try BufferPool(
                ring: ring.descriptor,
                classes: [
                    SizeClass(bufferSize: 512, capacity: 8), SizeClass(bufferSize: 4096, capacity: 8, level: .timed),
                ], budget: 1 << 20, firstID: 7)
            monitor.watch(pool, named: "pool")
            let table = try FixedBufferTable(ring: ring.descriptor, slots: 4)
            monitor.watch(table, named: "fixed")
            _ = try table.register(try PageMemory(byteCount: 8192), in: 2)
            let snapshot = monitor.snapshot(including: .memlock)
            #expect(snapshot.groups.map(\.name) == ["pool/512", "pool/4096"] && snapshot.balanced)
            #expect(snapshot.groups.map(\.mode.level) == [.counters, .timed] && snapshot.groups[1].holdTime != nil)
            #expect(
                snapshot.fixedTables == [
                    FixedTableSnapshot(name: "fixed", slots: 4, used: 1, registeredBytes: 8192)
                ])
            #expect(snapshot.memlock.map { $0.isExempt || $0.fixedBytes == 8192 } ?? false)
            try table.close()
            monitor.unwatch("pool")
        }
        #expect(monitor.snapshot().groups.isEmpty && monitor.snapshot().fixedTables.isEmpty)
    }
}
