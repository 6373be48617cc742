// Waiting receives and tags where they meet: segments, ended tags, the reserve, a new owner.

import Glibc
import KernelSupport
import Synchronization
import Testing
import UringBuffers
import UringQueue

@Suite struct WaitingTests {
    private static func buffer(
        _ ring: BareRing, _ pair: SocketPair, _ group: borrowing BufferGroup, tag: OwnerTag = .none
    ) throws -> ProvidedBuffer {
        pair.write([1])
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        guard case .buffer(let buffer) = group.take(result: completion.result, flags: completion.flags, tag: tag) else {
            fatalError("unexpected \(completion)")
        }
        return buffer
    }

    /// A segment that ends elsewhere while the kernel still fills its buffer lowers what its tag holds, and the receive
    /// that waits for the tag's limit may go: nobody but the signal can tell the owner.
    @Test func aSegmentsEndElsewhereWakesTheOwner() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let wakes = Counter()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: .incremental(),
            wakeOnReturn: { wakes.count.add(1, ordering: .relaxed) })
        let tag = group.makeTag(limit: 1)!
        let held = Handoff(try Self.buffer(ring, pair, group, tag: tag))
        let isRemembered = group.rearmWhenRefilled(7, tag: tag)
        #expect(isRemembered && group.refill().rearm == [])
        onOtherThread { held.end() }
        #expect(wakes.count.load(ordering: .relaxed) == 1, "the owner sleeps, although the token may go")
        #expect(group.refill().rearm == [7])
    }

    /// The same when a handle is taken off its tag elsewhere.
    @Test func aChargeTakenAwayElsewhereWakesTheOwner() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let wakes = Counter()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64,
            wakeOnReturn: { wakes.count.add(1, ordering: .relaxed) })
        let tag = group.makeTag(limit: 1)!
        let held = Handoff(try Self.buffer(ring, pair, group, tag: tag))
        let isRemembered = group.rearmWhenRefilled(7, tag: tag)
        #expect(isRemembered && group.refill().rearm == [])
        onOtherThread {
            var buffer = held.take()
            buffer.charge(to: .none)
            held.put(buffer)
        }
        #expect(wakes.count.load(ordering: .relaxed) == 1)
        #expect(group.refill().rearm == [7])
        held.end()
    }

    /// A connection that starved and ended: its tag is gone, its token still in line.
    @Test func aTokenOfAnEndedTagDoesNotTrap() async {
        await #expect(processExitsWith: .success) {
            let ring = try BareRing()
            let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
            let tag = group.makeTag()!
            precondition(group.rearmWhenRefilled(7, tag: tag))
            group.endTag(tag)
            _ = group.refill()
        }
    }

    /// Eight receives wait, one buffer is not reserved: one may go.
    @Test func oneRefillDoesNotHandOutTheReserve() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        group.reserve = 7
        for token in 0..<8 { _ = group.rearmWhenRefilled(UInt64(token)) }
        let allowance = group.allowance(for: .none)
        #expect(allowance == 1)
        #expect(group.refill().rearm.count <= allowance)
    }

    /// Eight receives of one tag wait, and it may hold two buffers: two may go.
    @Test func oneRefillDoesNotGoBeyondATagsLimit() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        let tag = group.makeTag(limit: 2)!
        for token in 0..<8 { _ = group.rearmWhenRefilled(UInt64(token), tag: tag) }
        #expect(group.refill().rearm.count <= 2)
    }

    /// More receives wait in front for their tag than one refill looks at, and one behind them may go. Nothing else
    /// happens that would make the owner refill again.
    @Test func whoMayGoGoesHoweverManyWaitInFront() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        let slow = group.makeTag(limit: 0)!
        for token in 0..<2000 { _ = group.rearmWhenRefilled(UInt64(token), tag: slow) }
        _ = group.rearmWhenRefilled(5000)
        #expect(group.refill().rearm == [5000])
    }

    /// Who waits for its tag keeps its place: it starved before the third.
    @Test func whoWaitedForItsTagKeepsItsPlace() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 16)
        let tag = group.makeTag(limit: 1)!
        let held = Handoff(try Self.buffer(ring, pair, group, tag: tag))
        for (token, owner) in [(UInt64(1), tag), (2, .none), (3, .none)] {
            _ = group.rearmWhenRefilled(token, tag: owner)
        }
        #expect(group.refill().rearm == [2])
        held.end()
        #expect(group.refill().rearm == [1, 3], "in the order in which they starved")
    }

    /// An empty bundle charges to nobody: what is put into it brings its charge along.
    @Test func anEmptyBundleTakesOverTheCharge() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        let (first, second) = (group.makeTag()!, group.makeTag()!)
        var bundle = BufferBundle(try Self.buffer(ring, pair, group, tag: first))
        _ = bundle.next()
        group.endTag(first)
        bundle.append(try Self.buffer(ring, pair, group, tag: second))
        let (held, tag) = (group.held(by: second), bundle.tag)
        #expect(held == 1 && tag == second)
    }

    /// A segment that is out is missing, whether or not the kernel goes on filling its buffer.
    @Test func aHeldSegmentIsMissing() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: .incremental())
        let segment = try Self.buffer(ring, pair, group)
        let isEmpty = group.missing().isEmpty
        #expect(!isEmpty)
        segment.recycle()
    }

    /// A signal that the old owner did not act on: the new one is told, because nothing else will come.
    @Test func aMovedGroupTellsItsNewOwnerOfWhatCameBack() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let wakes = Counter()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 1, bufferSize: 64,
            wakeOnReturn: { wakes.count.add(1, ordering: .relaxed) })
        let held = Handoff(try Self.buffer(ring, pair, group))
        let isRemembered = group.rearmWhenRefilled(7)
        #expect(isRemembered && group.refill().rearm == [])
        onOtherThread { held.end() }
        #expect(wakes.count.load(ordering: .relaxed) == 1)
        group.detach()
        group.attach()
        #expect(wakes.count.load(ordering: .relaxed) == 2)
        #expect(group.refill().rearm == [7])
    }
}

private final class Counter: Sendable {
    let count = Atomic<Int>(0)
}
