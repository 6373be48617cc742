// Incremental consumption on the real kernel: segments of one buffer that live together and end in any order.

import KernelSupport
import TestSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct SegmentTests {
    /// `ProvidedBuffer?` does not fit an array.
    private final class Slot {
        var buffer: ProvidedBuffer?
    }

    private static func group(
        _ ring: BareRing, capacity: Int = 8, size: Int = 100, left: Int = 0
    ) throws -> BufferGroup {
        try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: capacity, bufferSize: size,
            consumption: .incremental(minimumLeft: left))
    }

    /// Sends a message and takes it.
    private static func message(
        _ bytes: [UInt8], _ ring: BareRing, _ pair: SocketPair, _ group: borrowing BufferGroup
    ) throws -> TakeOutcome {
        pair.write(bytes)
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        return group.take(try ring.completions(atLeast: 1)[0])
    }

    private static func segment(
        _ bytes: [UInt8], _ ring: BareRing, _ pair: SocketPair, _ group: borrowing BufferGroup
    ) throws -> ProvidedBuffer {
        guard case .buffer(let buffer) = try message(bytes, ring, pair, group) else { fatalError("no buffer") }
        return buffer
    }

    @Test func messagesShareABufferUntilItIsFull() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try Self.group(ring)
        let first = try Self.segment([1, 2, 3], ring, pair, group)
        let second = try Self.segment(Array(repeating: 4, count: 97), ring, pair, group)
        let third = try Self.segment([5], ring, pair, group)
        #expect(first.id == second.id && third.id != first.id)
        #expect(unsafe first.withUnsafeBytes { unsafe Array($0) } == [1, 2, 3])
        #expect(unsafe second.withUnsafeBytes { unsafe Array($0) } == Array(repeating: 4, count: 97))
        #expect(unsafe third.withUnsafeBytes { unsafe Array($0) } == [5])
        #expect(group.lent == 1, "the first buffer is finished, the second is still the kernel's")
        let books = group.books()
        #expect(books.balanced && books.states.partial == 1 && books.states.lent == 1 && books.states.available == 6)
        first.recycle()
        #expect(group.lent == 1, "a segment of it is still out")
        second.recycle()
        #expect(group.lent == 0)
        third.recycle()
        #expect(group.books().balanced)
        try group.close()
    }

    /// Every order in which four segments of one buffer can end, before and after the kernel is done with it.
    @Test(arguments: 0..<24, [0, 2, 4])
    func everyOrderOfEnds(order: Int, endedBeforeTheKernelIsDone early: Int) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try Self.group(ring, capacity: 2, size: 40)
        let segments = (0..<4).map { _ in Slot() }
        var left = Array(0..<4)
        var rank = order
        var sequence: [Int] = []
        for size in stride(from: 4, to: 0, by: -1) {
            sequence.append(left.remove(at: rank % size))
            rank /= size
        }
        for number in 0..<3 {
            segments[number].buffer = try Self.segment(Array(repeating: UInt8(number), count: 10), ring, pair, group)
        }
        // The last one cannot end before it came.
        let soon = Array(sequence.filter { $0 < 3 }.prefix(early))
        for number in soon { segments[number].buffer = nil }
        segments[3].buffer = try Self.segment(Array(repeating: 3, count: 10), ring, pair, group)
        let late = sequence.filter { !soon.contains($0) }
        for (step, number) in late.enumerated() {
            #expect(group.lent == 1)
            for other in late[step...] {
                let bytes = unsafe segments[other].buffer?.withUnsafeBytes { unsafe Array($0) }
                #expect(bytes == Array(repeating: UInt8(other), count: 10))
            }
            segments[number].buffer = nil
        }
        #expect(group.lent == 0 && group.books().balanced)
        // And it can be used again, from its beginning.
        for _ in 0..<4 {
            let buffer = try Self.segment(Array(repeating: 9, count: 40), ring, pair, group)
            #expect(buffer.count == 40)
        }
        try group.close()
    }

    @Test func theRestIsSkippedBelowTheMinimum() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try Self.group(ring, left: 32)
        let first = try Self.segment(Array(repeating: 1, count: 60), ring, pair, group)
        let second = try Self.segment(Array(repeating: 2, count: 9), ring, pair, group)
        let third = try Self.segment(Array(repeating: 3, count: 50), ring, pair, group)
        #expect(first.id == second.id && third.id != first.id)
        #expect(group.lent == 1)
        first.recycle()
        second.recycle()
        #expect(group.lent == 0)
        third.recycle()
        #expect(group.books().balanced)
        try group.close()
    }

    @Test func segmentsEndOnOtherThreads() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try Self.group(ring, capacity: 4, size: 64)
        for round in 0..<200 {
            let parts = (0..<4).map { UInt8(truncatingIfNeeded: round &+ $0) }
            let kept = try Self.segment(Array(repeating: parts[0], count: 16), ring, pair, group)
            let first = Handoff(try Self.segment(Array(repeating: parts[1], count: 16), ring, pair, group))
            onOtherThread { first.end() }
            let second = Handoff(try Self.segment(Array(repeating: parts[2], count: 16), ring, pair, group))
            let third = Handoff(try Self.segment(Array(repeating: parts[3], count: 16), ring, pair, group))
            if round % 2 == 0 { kept.recycle() } else { Handoff(kept).end() }
            onOtherThread { second.end() }
            onOtherThread { third.end() }
            group.refill()
            #expect(group.lent == 0)
        }
        #expect(group.books().balanced)
        try group.close()
    }

    @Test func aCompletedSegmentThatWasNotTakenKeepsTheGroupOpen() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try Self.group(ring)
        try Self.segment([1], ring, pair, group).recycle()
        pair.write([2, 3])
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        let error = #expect(throws: UringError.self) { try group.close() }
        #expect(error?.cause == .unreaped(1))
        // It goes on as before, from where it was.
        guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer") }
        #expect(unsafe buffer.withUnsafeBytes { unsafe Array($0) } == [2, 3])
        let next = try Self.segment([4, 5, 6], ring, pair, group)
        #expect(next.id == buffer.id)
        #expect(unsafe next.withUnsafeBytes { unsafe Array($0) } == [4, 5, 6])
        try group.close()
        #expect(unsafe buffer.withUnsafeBytes { unsafe Array($0) } == [2, 3], "handles outlive the group")
    }

    @Test func minimumsOutOfRangeAreRefused() throws {
        let ring = try BareRing()
        for left in [-1, 100, 1000] {
            let error = #expect(throws: UringError.self) { _ = try Self.group(ring, left: left).id }
            #expect(error?.cause == .minimumLeft(left))
        }
    }

    /// Streams of random pieces through random modes, segments kept and ended at random: every byte in its place.
    @Test(arguments: SocketKind.allCases, [false, true])
    func streamsKeepTheirBytes(kind: SocketKind, bundles: Bool) throws {
        try withSeed(rounds: 12) { generator in
            let ring = try BareRing()
            let pair = SocketPair(kind)
            let size = [64, 100, 1000][generator.below(3)]
            // The kernel cannot be trusted with both (SelectionRefusal.incrementalBundleMinimum).
            let left = !bundles && generator.oneIn(3) ? size / 4 : 0
            let group = try Self.group(ring, capacity: 32, size: size, left: left)
            var source = ByteStream(seed: 7)
            var check = ByteStream(seed: 7)
            var kept: [Handoff<ProvidedBuffer>] = []
            for _ in 0..<200 {
                let count = 1 + generator.below(bundles ? 2000 : 200)
                pair.write(source.next(count))
                while check.position < source.position {
                    group.refill()
                    ring.receive(
                        from: pair.reader, into: group, multishot: generator.oneIn(2), bundle: bundles,
                        tag: 1)
                    var isArmed = true
                    while isArmed, check.position < source.position {
                        for completion in try ring.completions(atLeast: 1) {
                            isArmed = !completion.isFinal
                            switch group.take(completion) {
                            case .buffer(let buffer):
                                let good = check.matches(buffer)
                                #expect(good)
                                if generator.oneIn(3) { kept.append(Handoff(buffer)) }
                            case .bundle(var bundle):
                                while let buffer = bundle.next() {
                                    let good = check.matches(buffer)
                                    #expect(good)
                                    if generator.oneIn(10) { break }
                                    if generator.oneIn(3) { kept.append(Handoff(buffer)) }
                                }
                                let good = check.matches(bundle)
                                #expect(good)
                            case .starved: kept.removeAll()
                            default: Issue.record("unexpected \(completion)")
                            }
                        }
                    }
                    if isArmed { try cancel(ring, group, &check) }
                    while kept.count > 8 { kept.remove(at: generator.below(kept.count)).end() }
                    #expect(group.books().balanced)
                }
            }
            for handoff in kept { handoff.end() }
            #expect(group.lent == 0)
            let books = group.books()
            #expect(books.balanced && books.states.lent == 0 && books.unreaped == 0)
            try group.close()
        }
    }

    private func cancel(_ ring: BareRing, _ group: borrowing BufferGroup, _ check: inout ByteStream) throws {
        ring.cancel(tag: 1, tagged: 2)
        var open = 2
        while open > 0 {
            for completion in try ring.completions(atLeast: 1) {
                if completion.tag == 2 || completion.isFinal { open -= 1 }
                if completion.tag == 1, completion.flags.contains(.buffer) { Issue.record("no data is left") }
            }
        }
    }
}
