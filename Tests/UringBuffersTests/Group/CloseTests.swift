// Ends: closed, dropped, in every order with handles, threads and untaken completions.

import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

@Suite struct CloseTests {
    /// A slab so large that no other mapping covers its middle by chance.
    private static let bufferSize = 1 << 30

    /// In a process of its own: tests beside it map into the holes that this one leaves.
    @Test(arguments: [false, true])
    func handlesOutliveTheGroupAndTheLastOneFreesTheMemory(close: Bool) async {
        await #expect(processExitsWith: .success) { [close = close as Bool] in try CloseTests.outlive(close: close) }
    }

    private static func outlive(close: Bool) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        var both = try handles(ring, pair, closing: close)
        let first = both.first.take()!
        var second = both.second.take()!
        let address = unsafe first.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(ProcessState.isMapped(address + 1 << 29))
        #expect(unsafe first.withUnsafeBytes { unsafe Array($0) } == [1, 2, 3])
        var writable = second.mutableBytes
        writable.storeBytes(of: 7, as: UInt8.self)
        #expect(unsafe second.withUnsafeBytes { unsafe Array($0) } == [7, 5])
        first.recycle()
        #expect(ProcessState.isMapped(address + 1 << 29), "the second handle still needs it")
        let last = Handoff(second)
        onOtherThread { last.end() }
        #expect(!ProcessState.isMapped(address + 1 << 29))
        // The id is free again.
        _ = try BufferGroup(ring: ring.descriptor, id: 4, capacity: 8, bufferSize: 64).id
    }

    /// Two filled buffers of a group that is gone.
    private static func handles(
        _ ring: BareRing, _ pair: SocketPair, closing: Bool
    ) throws -> Pair {
        let group = try BufferGroup(ring: ring.descriptor, id: 4, capacity: 8, bufferSize: Self.bufferSize)
        pair.write([1, 2, 3])
        let first = try receive(ring, pair, group)
        pair.write([4, 5])
        let second = try receive(ring, pair, group)
        if closing { try group.close() }
        return Pair(first: first, second: second)
    }

    private struct Pair: ~Copyable {
        var first: ProvidedBuffer?
        var second: ProvidedBuffer?
    }

    private static func receive(
        _ ring: BareRing, _ pair: SocketPair, _ group: borrowing BufferGroup
    ) throws -> ProvidedBuffer {
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else { fatalError("none") }
        return buffer
    }

    @Test func tokensAndBundlesOutliveTheGroupToo() async {
        await #expect(processExitsWith: .success) { try CloseTests.tokensAndBundlesOutlive() }
    }

    private static func tokensAndBundlesOutlive() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        var both = try handles(ring, pair, closing: true)
        let token = both.first.take()!.intoToken()
        let address = unsafe UInt(bitPattern: token.baseAddress)
        var bundle = BufferBundle(both.second.take()!)
        #expect(unsafe token.baseAddress.load(as: UInt8.self) == 1)
        bundle.drop(bytes: 1)
        bundle.next()?.recycle()
        #expect(ProcessState.isMapped(address + 1 << 29))
        token.reclaim().recycle()
        #expect(!ProcessState.isMapped(address + 1 << 29))
    }

    @Test func secondCloseIsENXIO() throws {
        let one = try OneBuffer()
        one.take().recycle()
        try one.group.close()
        #expect(throws: UringError(.closeGroup, errno: ENXIO)) { try one.group.close() }
        #expect(one.group.books().balanced)
    }

    @Test func secondCloseSaysThatItIsClosed() {
        let error = UringError(.closeGroup, errno: ENXIO)
        #expect(error.remedy.contains("closed"), "\(error.remedy)")
    }

    @Test(arguments: RefillPolicy.allCases, RingMemoryKind.allCases)
    func refusedWhileACompletionWasNotTaken(policy: RefillPolicy, kind: RingMemoryKind) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 4, capacity: 16, bufferSize: 64, refill: policy, ringMemory: kind)
        for _ in 0..<3 { ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1) }
        pair.write([1])
        let first = try ring.completions(atLeast: 1)
        #expect(first.count == 1)
        let before = group.books()
        #expect(before.unreaped == 1)
        #expect(throws: UringError(.closeGroup, errno: EBUSY, cause: .unreaped(1))) { try group.close() }
        let remedy = UringError(.closeGroup, errno: EBUSY, cause: .unreaped(1)).remedy
        #expect(remedy.contains("take every completion first"))
        #expect(group.books() == before, "a refused close changes nothing")
        // The group works as before: the other receives are served, and nothing is out of order.
        pair.write([2, 3])
        let second = try ring.completions(atLeast: 1)
        #expect(second.first?.result == 2)
        #expect(throws: UringError(.closeGroup, errno: EBUSY, cause: .unreaped(2))) { try group.close() }
        #expect(Outcome(group.take(first[0])) == .buffer(1))
        #expect(Outcome(group.take(second[0])) == .buffer(2))
        try group.close()
        // One receive is armed still: it finds nothing, whatever comes.
        pair.write([4])
        #expect(try ring.completions(atLeast: 1).first?.result == -ENOBUFS)
        #expect(BufferGroup.abandonedBytes == 0)
    }

    @Test func refusedByTheKernelOnAForeignThreadOfASingleIssuerRing() throws {
        let driver = try QueueDriver(entries: 8, mode: .deferred)
        let group = try BufferGroup(ring: driver.descriptor, id: 4, capacity: 16, bufferSize: 64)
        let before = group.books()
        group.detach()
        let carried = Handoff(group)
        onOtherThread {
            let group = carried.take()
            group.attach()
            let error = #expect(throws: UringError.self) { try group.close() }
            #expect(error?.errno == EEXIST)
            #expect(error?.remedy.contains("thread") == true)
            #expect(group.books().unreaped == nil, "the kernel does not say on this thread")
            group.detach()
            carried.put(group)
        }
        let back = carried.take()
        back.attach()
        #expect(back.books() == before)
        try back.close()
    }

    @Test func closesWithHandlesOut() throws {
        let one = try OneBuffer()
        let buffer = one.take()
        try one.group.close()
        #expect(one.group.books().states.lent == 1)
        #expect(one.group.books().balanced)
        buffer.recycle()
        #expect(one.group.books().states.lent == 0 && one.group.books().returned == 1)
        #expect(one.group.books().balanced)
    }

    @Test func groupOutlivesItsQueue() throws {
        let pair = SocketPair()
        let group = try groupOfAQueueThatIsGone(pair)
        pair.write([1, 2, 3])
        #expect(group.books().balanced)
        try group.close()
    }

    private func groupOfAQueueThatIsGone(_ pair: SocketPair) throws -> BufferGroup {
        let driver = try QueueDriver(entries: 8)
        let group = try BufferGroup(ring: driver.descriptor, id: 4, capacity: 16, bufferSize: 64)
        driver.receive(from: pair.reader, into: group, multishot: true, bundle: false, tag: 1)
        try driver.queue.submit()
        return group
    }

    @Test func droppedWithAnUntakenCompletionIsAbandoned() async {
        await #expect(processExitsWith: .success) {
            func abandon() throws {
                let one = try OneBuffer(capacity: 8, bufferSize: 4096)
                #expect(one.group.books().unreaped == 1)
            }
            #expect(BufferGroup.abandonedBytes == 0)
            try abandon()
            #expect(BufferGroup.abandonedBytes == 8 * 4096)
            try abandon()
            #expect(BufferGroup.abandonedBytes == 2 * 8 * 4096)
        }
    }

    @Test func droppedOnAForeignThreadIsAbandoned() async {
        await #expect(processExitsWith: .success) {
            let ring = try BareRing()
            let group = Handoff(try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 4096))
            onOtherThread { group.end() }
            #expect(BufferGroup.abandonedBytes == 8 * 4096)
        }
    }

    @Test func droppedDetachedOnAForeignThreadIsNot() async {
        await #expect(processExitsWith: .success) {
            let ring = try BareRing()
            let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 4096)
            group.detach()
            let carried = Handoff(group)
            onOtherThread { carried.end() }
            #expect(BufferGroup.abandonedBytes == 0)
            _ = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 4096).id
        }
    }

    @Test func movesBetweenThreadsWithHandlesOut() throws {
        let one = try OneBuffer()
        let held = one.take()
        one.group.detach()
        // Detached: even on this thread the handle goes by the return stack.
        held.recycle()
        onOtherThread {
            one.group.attach()
            #expect(one.group.lent == 1 && one.group.books().returned == 1)
            #expect(one.group.refill().published == 1)
            #expect(one.group.lent == 0 && one.group.books().balanced)
            one.group.detach()
        }
        one.group.attach()
        try one.receive()
        one.take().recycle()
        #expect(one.group.books().recycled == 1 && one.group.books().balanced)
    }
}
