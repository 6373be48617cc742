// Pools that cannot be made, and how pools end.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct PoolErrorTests {
    typealias Bad = (classes: [SizeClass], budget: Int, firstID: BufferGroupID, error: UringError)

    private static func error(_ cause: UringError.Cause) -> UringError {
        UringError(.createPool, errno: EINVAL, cause: cause)
    }

    /// Bad input is an error that says what to do, and changes nothing: afterwards a good pool takes the same ids. In a
    /// process of its own, because other tests open and close descriptors meanwhile.
    @Test func badInput() async {
        await #expect(processExitsWith: .success) {
            let good = SizeClass(bufferSize: 4096, capacity: 16)
            let bad: [Bad] = [
                ([], 1 << 20, 0, Self.error(.poolClass(0))),
                ([good, good], 1 << 20, 0, Self.error(.poolClass(1))),
                ([good, SizeClass(bufferSize: 512, capacity: 16)], 1 << 20, 0, Self.error(.poolClass(1))),
                ([good, SizeClass(bufferSize: 8192, capacity: 3)], 1 << 20, 0, Self.error(.capacity(3))),
                ([SizeClass(bufferSize: 512, capacity: 65536)], 1 << 20, 0, Self.error(.capacity(65536))),
                ([SizeClass(bufferSize: 0, capacity: 16)], 1 << 20, 0, Self.error(.byteCount(0))),
                ([SizeClass(bufferSize: 1 << 31, capacity: 16)], 1 << 40, 0, Self.error(.byteCount(1 << 31))),
                ([good], 8191, 0, Self.error(.budget(given: 7, needed: 8))),
                ([good], -1, 0, Self.error(.budget(given: 0, needed: 8))),
                (
                    [good, SizeClass(bufferSize: 65536, capacity: 16, refill: .everything)], 1 << 20, 0,
                    Self.error(.budget(given: 1024, needed: 1032))
                ),
                ([good, SizeClass(bufferSize: 8192, capacity: 16)], 1 << 20, 65535, Self.error(.groupID(65536))),
                (
                    [good, SizeClass(bufferSize: 8192, capacity: 16, id: 7)], 1 << 20, 7, Self.error(.groupID(7))
                ),
                (
                    [good, SizeClass(bufferSize: 8192, capacity: 16, consumption: .incremental(minimumLeft: 8192))],
                    1 << 20,
                    0, UringError(.registerBufferRing, errno: EINVAL, cause: .minimumLeft(8192))
                ),
            ]
            let ring = try BareRing()
            let descriptors = ProcessState.settledDescriptors
            for one in bad {
                #expect(throws: one.error) {
                    _ = try BufferPool(
                        ring: ring.descriptor, classes: one.classes, budget: one.budget, firstID: one.firstID
                    ).count
                }
                #expect(one.error.remedy.count > 20)
                let made = try BufferPool(ring: ring.descriptor, classes: [good], budget: 8192, firstID: one.firstID)
                try made.close()
            }
            #expect(ProcessState.settledDescriptors == descriptors)
            #expect(BufferGroup.abandonedBytes == 0)
        }
    }

    /// The second class finds its id taken: the first is unregistered again.
    @Test func anIDInUse() throws {
        let ring = try BareRing()
        let taken = try BufferGroup(ring: ring.descriptor, id: 6, capacity: 8, bufferSize: 64)
        let classes = [SizeClass(bufferSize: 64, capacity: 8), SizeClass(bufferSize: 128, capacity: 8)]
        #expect(throws: UringError(.registerBufferRing, errno: EEXIST)) {
            _ = try BufferPool(ring: ring.descriptor, classes: classes, budget: 1 << 20, firstID: 5).count
        }
        try taken.close()
        let pool = try BufferPool(ring: ring.descriptor, classes: classes, budget: 1 << 20, firstID: 5)
        #expect(pool.ids == [5, 6] && pool.bufferSizes == [64, 128])
        try pool.close()
    }

    @Test func idsAreGivenOrFollow() throws {
        let ring = try BareRing()
        let pool = try BufferPool(
            ring: ring.descriptor,
            classes: [
                SizeClass(bufferSize: 64, capacity: 8), SizeClass(bufferSize: 128, capacity: 8, id: 30),
                SizeClass(bufferSize: 256, capacity: 8),
            ], budget: 1 << 20, firstID: 2)
        #expect(pool.ids == [2, 30, 31] && pool.count == 3)
        #expect(pool.index(of: 31) == 2 && pool.index(of: 3) == nil)
        #expect(pool[30].bufferSize == 128 && pool[class: 0].id == 2)
        try pool.close()
    }

    @Test func aForeignIDTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let ring = try BareRing()
            let pool = try BufferPool(
                ring: ring.descriptor, classes: [SizeClass(bufferSize: 64, capacity: 8)], budget: 1 << 20, firstID: 2)
            _ = pool[3].id
        }
        #expect(message(result).contains("the pool has no group 3"))
    }

    /// Pinned memory cannot be given back.
    @Test func noFixedTableForAClass() throws {
        let queue = try UringQueue()
        let pool = try BufferPool(
            ring: queue.descriptor, classes: [SizeClass(bufferSize: 4096, capacity: 8)], budget: 1 << 20, firstID: 2)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        #expect(throws: UringError(.registerFixedBuffers, errno: EINVAL, cause: .pooled(2))) {
            try table.register(pool[2], in: 0)
        }
        try pool.close()
    }

    // MARK: The end

    private static let classes = [SizeClass(bufferSize: 64, capacity: 8), SizeClass(bufferSize: 4096, capacity: 8)]

    /// A completion of one class that nobody took: no class is closed, all go on.
    @Test func closingIsAllOrNothing() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let pool = try BufferPool(ring: ring.descriptor, classes: Self.classes, budget: 1 << 20)
        pair.write([1, 2, 3])
        ring.receive(from: pair.reader, into: pool[class: 1], multishot: false, bundle: false, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        #expect(throws: UringError(.closeGroup, errno: EBUSY, cause: .unreaped(1))) { try pool.close() }
        // The first class receives as before.
        pair.write([4])
        ring.receive(from: pair.reader, into: pool[class: 0], multishot: false, bundle: false, tag: 2)
        guard case .buffer(let first) = pool[class: 0].take(try ring.completions(atLeast: 1)[0]) else {
            Issue.record("the first class is gone")
            return
        }
        #expect(unsafe first.withUnsafeBytes { unsafe Array($0) } == [4])
        guard case .buffer(let second) = pool[class: 1].take(completion) else { fatalError("no buffer") }
        let missing = try pool.close()
        #expect(missing.map(\.buffers.count) == [1, 1])
        #expect(throws: UringError(.closeGroup, errno: ENXIO)) { try pool.close() }
        // Handles stay good.
        #expect(unsafe second.withUnsafeBytes { unsafe Array($0) } == [1, 2, 3])
        first.recycle()
        second.recycle()
        #expect(pool.books().balanced)
        // The ids are free again.
        _ = try BufferPool(ring: ring.descriptor, classes: Self.classes, budget: 1 << 20).count
        #expect(BufferGroup.abandonedBytes == 0)
    }

    /// Handles outlive a pool that is dropped, and end on any thread.
    @Test func aDroppedPool() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        var kept: Handoff<ProvidedBuffer>?
        do {
            let pool = try BufferPool(ring: ring.descriptor, classes: Self.classes, budget: 1 << 20)
            pair.write([7, 8])
            ring.receive(from: pair.reader, into: pool[class: 0], multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = pool[class: 0].take(try ring.completions(atLeast: 1)[0]) else {
                fatalError("no buffer")
            }
            kept = Handoff(buffer)
        }
        let buffer = kept!.take()
        #expect(unsafe buffer.withUnsafeBytes { unsafe Array($0) } == [7, 8])
        let last = Handoff(buffer)
        onOtherThread { last.end() }
        _ = try BufferPool(ring: ring.descriptor, classes: Self.classes, budget: 1 << 20).count
        #expect(BufferGroup.abandonedBytes == 0)
    }

    /// A pool that waits: tokens of all classes come back with the refill that has buffers.
    @Test func receivesThatWait() throws {
        var played = try PlayedPool(Self.classes, budget: 1 << 20, seed: 1)
        for index in 0..<2 {
            while played.receive(1, class: index) {}
            let waits = played.pool[class: index].rearmWhenRefilled(UInt64(100 + index))
            #expect(waits)
        }
        #expect(played.pool.refill().rearm.isEmpty)
        for position in [12, 3] { played.end(at: position) }
        let outcome = played.pool.refill()
        #expect(outcome.rearm.map(\.token) == [100, 101] && outcome.rearm.map(\.id) == [5, 6])
        while !played.held.isEmpty { played.end(at: 0) }
        try played.pool.close()
    }

    /// Another thread takes the pool over.
    @Test func movingToAnotherThread() throws {
        var played = try PlayedPool(Self.classes, budget: 1 << 20, seed: 1)
        for index in [0, 1, 1] { _ = played.receive(50, class: index) }
        played.pool.detach()
        let moved = Handoff(played)
        onOtherThread {
            var played = moved.take()
            played.pool.attach()
            while !played.held.isEmpty { played.end(at: 0) }
            played.pool.refill()
            for index in [0, 1] { _ = played.receive(20, class: index) }
            played.check()
            played.pool.detach()
            moved.put(played)
        }
        var back = moved.take()
        back.pool.attach()
        while !back.held.isEmpty { back.end(at: 0) }
        back.check()
        try back.pool.close()
    }
}
