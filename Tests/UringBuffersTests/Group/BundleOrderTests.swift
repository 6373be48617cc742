// Bundles right after buffers came back out of order: slots are walked, not bids.

import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

@Suite struct BundleOrderTests {
    @Test(arguments: DriverKind.allCases, RefillPolicy.allCases)
    func bidsFollowTheOrderOfPublishing(kind: DriverKind, policy: RefillPolicy) throws {
        let driver = try kind.make()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: driver.descriptor, id: 1, capacity: 16, bufferSize: 8, refill: policy, ringMemory: .application)
        var outgoing = ByteStream(seed: 42)
        var incoming = outgoing
        var orders: Set<[UInt16]> = []
        for round in 0..<200 {
            // A bundle of everything that is published, taken apart and ended in an order that changes.
            pair.write(outgoing.next(16 * 8 - round % 8))
            var held: [Handoff<ProvidedBuffer>] = []
            var bids: [UInt16] = []
            while incoming.position < outgoing.position {
                driver.receive(from: pair.reader, into: group, multishot: false, bundle: true, tag: 1)
                for completion in try driver.completions(atLeast: 1) {
                    switch group.take(completion) {
                    case .bundle(var bundle):
                        while let buffer = bundle.next() {
                            let isNext = incoming.matches(buffer)
                            #expect(isNext)
                            bids.append(buffer.id.rawValue)
                            held.append(Handoff(buffer))
                        }
                        #expect(bundle.isEmpty && bundle.byteCount == 0)
                    case .buffer(let buffer):
                        let isNext = incoming.matches(buffer)
                        #expect(isNext)
                        bids.append(buffer.id.rawValue)
                        held.append(Handoff(buffer))
                    case .starved: Issue.record("starved in round \(round)")
                    default: Issue.record("unexpected outcome in round \(round)")
                    }
                }
            }
            #expect(Set(bids).count == bids.count, "a bid twice: \(bids)")
            orders.insert(bids)
            var step = UInt(5 + round * 7)
            while !held.isEmpty {
                step = step &* 31 &+ 17
                held.remove(at: Int(step % UInt(held.count))).end()
            }
            group.refill()
            #expect(group.books().balanced)
        }
        #expect(orders.count > 50, "the order of bids hardly changed: the test shows nothing")
        try group.close()
    }

    /// Chains joined, split, begun and dropped in part.
    @Test func dropAppendAndTakeAllKeepEveryByte() throws {
        let driver = try QueueDriver(entries: 8)
        let pair = SocketPair()
        let group = try BufferGroup(ring: driver.descriptor, id: 1, capacity: 64, bufferSize: 8)
        var outgoing = ByteStream(seed: 1)
        var incoming = outgoing
        pair.write(outgoing.next(60))
        var chain = try bundle(driver, pair, group, bytes: 60)
        #expect(chain.count == 8 && chain.byteCount == 60)
        pair.write(outgoing.next(5))
        chain.append(try bundle(driver, pair, group, bytes: 5))
        #expect(chain.count == 9 && chain.byteCount == 65)
        // Ten bytes in: one whole buffer back, the second begun.
        chain.drop(bytes: 10)
        #expect(chain.count == 8 && chain.byteCount == 55 && group.lent == 8)
        #expect(incoming.next(10).count == 10)
        chain.drop(bytes: 0)
        var rest = chain.takeAll()
        #expect(chain.isEmpty && chain.byteCount == 0 && chain.count == 0)
        #expect(rest.count == 8 && rest.byteCount == 55)
        let begun = rest.next()!
        #expect(begun.count == 6)
        let isNext = incoming.matches(begun)
        #expect(isNext)
        var again = BufferBundle(begun)
        #expect(again.count == 1 && again.byteCount == 6)
        again.append(rest)
        #expect(again.count == 8)
        again.drop(bytes: 6)
        let isRest = incoming.matches(again)
        #expect(isRest)
        #expect(incoming.position == 65)
        #expect(group.lent == 0 && group.books().balanced)
    }

    @Test func droppingHalfABundleGivesTheRestBack() throws {
        let driver = try QueueDriver(entries: 8)
        let pair = SocketPair()
        let group = try BufferGroup(ring: driver.descriptor, id: 1, capacity: 8, bufferSize: 8)
        pair.write([UInt8](repeating: 3, count: 40))
        var chain = try bundle(driver, pair, group, bytes: 40)
        let first = chain.next()!
        #expect(group.lent == 5)
        chain.recycle()
        #expect(group.lent == 1)
        first.recycle()
        #expect(group.lent == 0 && group.books().balanced)
    }

    /// Everything that was written, `bytes` in all; a kernel may deliver it in several bundles.
    private func bundle(
        _ driver: QueueDriver, _ pair: SocketPair, _ group: borrowing BufferGroup, bytes: Int
    ) throws -> BufferBundle {
        var all = try receive(driver, pair, group)
        while all.byteCount < bytes { all.append(try receive(driver, pair, group)) }
        return all
    }

    private func receive(
        _ driver: QueueDriver, _ pair: SocketPair, _ group: borrowing BufferGroup
    ) throws -> BufferBundle {
        driver.receive(from: pair.reader, into: group, multishot: false, bundle: true, tag: 1)
        switch group.take(try driver.completions(atLeast: 1)[0]) {
        case .bundle(let bundle): return bundle
        case .buffer(let buffer): return BufferBundle(buffer)
        default: fatalError("neither a buffer nor a bundle")
        }
    }
}
