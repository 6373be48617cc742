// Starvation, watermarks, limits and the reserve, on the real kernel.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct PressureTests {
    private static func buffer(
        _ ring: BareRing, _ pair: SocketPair, _ group: borrowing BufferGroup, tag: OwnerTag = .none
    ) throws -> ProvidedBuffer? {
        pair.write([1])
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        switch group.take(result: completion.result, flags: completion.flags, tag: tag) {
        case .buffer(let buffer): return buffer
        case .starved: return nil
        default: fatalError("unexpected \(completion)")
        }
    }

    private func wait(_ token: UInt64, _ group: borrowing BufferGroup, tag: OwnerTag = .none) {
        let isRemembered = group.rearmWhenRefilled(token, tag: tag)
        #expect(isRemembered)
    }

    /// `#expect` cannot look into an expression with a noncopyable argument.
    private func expect(_ holds: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(holds, sourceLocation: location)
    }

    @Test func whoStarvedGoesFirstWhenBuffersAreBack() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 16)
        let first = try Self.buffer(ring, pair, group)
        let second = try Self.buffer(ring, pair, group)
        let none = try Self.buffer(ring, pair, group) == nil
        #expect(none)
        for token in 10..<15 { wait(UInt64(token), group) }
        #expect(group.starving == 5)
        #expect(group.refill().rearm == [])
        first?.recycle()
        #expect(group.refill().rearm == [10])
        second?.recycle()
        // The first one's buffer was not used: both may go.
        #expect(group.refill().rearm == [11, 12])
        group.forget(13)
        #expect(group.refill().rearm == [14])
        #expect(group.starving == 0)
        #expect(group.refill().rearm == [])
    }

    @Test func everyWaitingTokenGoesOnceAndInOrder() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        for token in 0..<10_000 { wait(UInt64(token), group) }
        var gone: [UInt64] = []
        while group.starving > 0 {
            let rearm = group.refill().rearm
            #expect(rearm.count <= 8 && !rearm.isEmpty)
            gone += rearm
        }
        #expect(gone == Array(0..<10_000))
    }

    @Test func watermarksTellEdgesOnce() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        group.watermarks = Watermarks(low: 2, high: 6)
        var held: [Handoff<ProvidedBuffer>] = []
        var edges: [PressureEdge?] = []
        for _ in 0..<8 {
            held.append(Handoff(try Self.buffer(ring, pair, group)!))
            edges.append(group.refill().edge)
        }
        #expect(edges == [nil, nil, nil, nil, nil, .low, nil, nil])
        edges = []
        for handoff in held {
            handoff.end()
            edges.append(group.refill().edge)
        }
        #expect(edges == [nil, nil, nil, nil, nil, .high, nil, nil])
        // A dip between two refills is told, although it is over; its end is told next.
        held = []
        for _ in 0..<7 { held.append(Handoff(try Self.buffer(ring, pair, group)!)) }
        for handoff in held { handoff.end() }
        #expect(group.refill().edge == .low)
        #expect(group.refill().edge == .high)
        #expect(group.refill().edge == nil)
    }

    /// Found by the walks of ModelTests: a group that nobody watched told of a dip that was long over.
    @Test func whatWasBeforeTheMarksWereSetIsNotTold() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 4, bufferSize: 16)
        for _ in 0..<2 {
            let held = try (0..<4).map { _ in Handoff(try Self.buffer(ring, pair, group)!) }
            for handoff in held { handoff.end() }
            group.refill()
        }
        group.watermarks = Watermarks(low: 1, high: 3)
        #expect(group.refill().edge == nil)
        let held = try (0..<3).map { _ in Handoff(try Self.buffer(ring, pair, group)!) }
        #expect(group.refill().edge == .low)
        for handoff in held { handoff.end() }
        #expect(group.refill().edge == .high)
    }

    /// Found by the walks of ModelTests: what came home in the refill that told of the end began the next spell.
    @Test func buffersThatEndElsewhereTellNoEdgeTwice() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 4, bufferSize: 16)
        group.watermarks = Watermarks(low: 1, high: 3)
        let held = try (0..<4).map { _ in Handoff(try Self.buffer(ring, pair, group)!) }
        #expect(group.refill().edge == .low)
        onOtherThread { for handoff in held { handoff.end() } }
        #expect(group.refill().edge == .high)
        #expect(group.refill().edge == nil)
        #expect(group.refill().edge == nil)
    }

    @Test func aTagCannotHoldMoreThanItsShare() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        let slow = group.makeTag(limit: 2)!
        let fast = group.makeTag()!
        expect(group.allowance(for: slow) == 2 && group.allowance(for: fast) == 8)
        let one = Handoff(try Self.buffer(ring, pair, group, tag: slow)!)
        let two = Handoff(try Self.buffer(ring, pair, group, tag: slow)!)
        expect(group.held(by: slow) == 2 && group.allowance(for: slow) == 0 && group.allowance(for: fast) == 6)
        wait(1, group, tag: slow)
        wait(2, group, tag: fast)
        #expect(group.refill().rearm == [2], "the slow one waits for itself, not for the pool")
        #expect(group.refill().rearm == [])
        onOtherThread { one.end() }
        expect(group.held(by: slow) == 1)  // counted at once, wherever it ends
        #expect(group.refill().rearm == [1])
        two.end()
        expect(group.held(by: slow) == 0 && group.books().balanced)
    }

    @Test func theReserveIsForChosenTags() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 4, bufferSize: 16)
        group.reserve = 3
        let control = group.makeTag(usesReserve: true)!
        let bulk = group.makeTag()!
        expect(
            group.allowance(for: bulk) == 1 && group.allowance(for: control) == 4 && group.allowance(for: .none) == 1)
        let held = try Self.buffer(ring, pair, group, tag: bulk)
        #expect(held != nil ? true : false)
        expect(group.allowance(for: bulk) == 0 && group.allowance(for: control) == 3)
        wait(7, group, tag: bulk)
        wait(8, group, tag: control)
        #expect(group.refill().rearm == [8])
        held?.recycle()
        #expect(group.refill().rearm == [7])
    }

    /// Charges follow buffers through bundles, tokens of other stacks, and to other tags.
    @Test func chargesFollowTheBuffer() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        let a = group.makeTag()!
        let b = group.makeTag()!
        pair.write(Array(repeating: 3, count: 60))
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: true, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        guard case .bundle(var bundle) = group.take(result: completion.result, flags: completion.flags, tag: a) else {
            fatalError("no bundle")
        }
        let count = bundle.count
        expect(count >= 3 && bundle.tag == a && group.held(by: a) == count)
        let single = bundle.next()
        expect(group.held(by: a) == count)
        let token = single!.intoToken()
        expect(group.held(by: a) == count)
        var back = token.reclaim()
        back.charge(to: b)
        expect(group.held(by: a) == count - 1 && group.held(by: b) == 1)
        bundle.append(back)
        expect(group.held(by: a) == count && group.held(by: b) == 0)
        bundle.drop(bytes: 20)
        expect(group.held(by: a) == count - 1)
        var rest = bundle.takeAll()
        rest.charge(to: .none)
        expect(group.held(by: a) == 0 && group.lent == count - 1)
        rest.recycle()
        #expect(group.books().balanced && group.lent == 0)
    }

    @Test func tagsAreManyAndUsedAgain() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
        var tags: [OwnerTag] = []
        while let tag = group.makeTag() { tags.append(tag) }
        #expect(tags.count == 65535 && Set(tags).count == 65535)
        let held = try Self.buffer(ring, pair, group, tag: tags[0])
        group.endTag(tags[0])
        expect(group.makeTag() == nil)  // something is still charged to it
        held?.recycle()
        expect(group.makeTag(limit: 1) == tags[0])
        expect(group.allowance(for: tags[0]) == 1)
    }

    @Test func anEndedTagTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let ring = try BareRing()
            let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 16)
            let tag = group.makeTag()!
            group.endTag(tag)
            print(group.allowance(for: tag))
        }
        #expect(message(result).contains("has ended"))
    }

    /// All buffers are on another thread, and nothing completes: the return itself wakes the owner.
    @Test(arguments: [1, 100])
    func aReturnElsewhereWakesTheOwner(rounds: Int) throws {
        for _ in 0..<rounds {
            let queue = try UringQueue()
            let wakeUp = try queue.makeWakeUp()
            let pair = SocketPair()
            let group = try BufferGroup(
                ring: queue.descriptor, id: 1, capacity: 1, bufferSize: 16, wakeOnReturn: { wakeUp.wake() })
            pair.write([1])
            queue.receive(from: pair.reader, into: group, tag: 5)
            try queue.wait()
            var held: Handoff<ProvidedBuffer>?
            queue.forEachCompletion { completion in
                guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer") }
                held = Handoff(buffer)
            }
            queue.receive(from: pair.reader, into: group, tag: 5)
            try queue.wait()
            queue.forEachCompletion { completion in
                guard case .starved = group.take(completion) else { fatalError("not starved") }
                wait(5, group)
            }
            let kept = held!
            let thread = OtherThread { kept.end() }
            var rearmed = group.refill().rearm
            while rearmed.isEmpty {
                try queue.wait()
                queue.forEachCompletion { _ in Issue.record("nothing of ours is armed") }
                rearmed = group.refill().rearm
            }
            #expect(rearmed == [5])
            thread.join()
            try group.close()
        }
    }
}
