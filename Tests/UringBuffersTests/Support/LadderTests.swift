// Every rung of the ladder on the real kernel, forced by switching probes off: verified streams and balanced books.

import Glibc
import KernelSupport
import RingArithmetic
import TestSupport
import Testing
import UringBuffers
import UringQueue

/// The running kernel without what better modes than `mode` need.
func kernelAtBest(_ mode: BufferMode) throws -> KernelCapabilities {
    let here = try KernelCapabilities.probe()
    return switch mode {
    case .incrementalWithMinimum: here
    case .incremental: here.without(.minimumLeft)
    case .wholeBuffers: here.without(.minimumLeft, .incremental)
    case .providedBuffers: here.without(.minimumLeft, .incremental, .bufferRings)
    case .callerChosen: here.without(.minimumLeft, .incremental, .bufferRings, .providedBuffers)
    }
}

/// One connection with a stream of its own on it.
private struct Talk {
    let pair: SocketPair
    var outgoing: ByteStream
    var incoming: ByteStream
    var isArmed = false
    var hasEnded = false

    init(_ kind: SocketKind, seed: UInt64) {
        pair = SocketPair(kind)
        outgoing = ByteStream(seed: seed)
        incoming = outgoing
    }
}

@Suite struct LadderTests {
    @Test(arguments: BufferMode.allCases, [1, 2, 16, 256])
    func everyRungCarriesStreams(mode: BufferMode, capacity: Int) throws {
        let kernel = try kernelAtBest(mode)
        guard kernel.bestMode == mode else {
            print("SKIPPED: the rung \(mode): this kernel lacks \(mode.needs.subtracting(kernel.features))")
            return
        }
        try withSeed(rounds: 2) { random in
            let queue = try UringQueue(entries: 64)
            let group = try BufferGroup(
                on: queue, id: 3, capacity: capacity, bufferSize: 256, mode: kernel.bestMode, minimumLeft: 32)
            #expect(group.consumption == mode.consumption(minimumLeft: 32))
            try carry(queue, group, &random)
            let books = group.books()
            #expect(books.balanced && books.states.lent == 0 && books.unreaped == 0, "\(books)")
            #expect(books.selected == books.recycled + books.returned || group.consumption.isIncremental)
            #expect(try group.close().isEmpty)
        }
        #expect(BufferGroup.abandonedBytes == 0)
    }

    /// Four streams through one group. Some buffers are kept a while, and some of those end on another thread.
    private func carry(_ queue: borrowing UringQueue, _ group: borrowing BufferGroup, _ random: inout SplitMix64) throws
    {
        let total: UInt64 = 60_000
        var talks = (0..<4).map { Talk($0 % 2 == 0 ? .unix : .tcp, seed: UInt64($0) &+ random.next()) }
        var kept: [Handoff<ProvidedBuffer>] = []
        let room = group.capacity.entries / 4
        while talks.contains(where: { !$0.hasEnded }) {
            for position in talks.indices where !talks[position].hasEnded {
                speak(&talks[position], total, &random)
                guard !talks[position].isArmed else { continue }
                if random.oneIn(2) {
                    queue.receive(from: talks[position].pair.reader, into: group, tag: UInt64(position))
                } else {
                    queue.receiveMultishot(from: talks[position].pair.reader, into: group, tag: UInt64(position))
                }
                talks[position].isArmed = true
            }
            try queue.wait()
            try queue.forEachCompletion { completion in
                let position = Int(completion.tag)
                if completion.isFinal { talks[position].isArmed = false }
                switch group.take(completion) {
                case .buffer(let buffer):
                    let isNext = talks[position].incoming.matches(buffer)
                    try #require(isNext, "connection \(position) at byte \(talks[position].incoming.position)")
                    if kept.count < room { kept.append(Handoff(buffer)) }
                case .bundle(let bundle): Issue.record("a bundle of \(bundle.count) that nobody asked for")
                case .endOfStream: talks[position].hasEnded = true
                case .starved: kept.removeAll()
                case .failed(let error): Issue.record("\(error)")
                case .unbuffered(let count): Issue.record("\(count) bytes without a buffer")
                }
            }
            while kept.count > room / 2 {
                let one = kept.remove(at: random.below(kept.count))
                if random.oneIn(8) { OtherThread { one.end() }.join() } else { one.end() }
            }
            group.refill()
            let books = group.books()
            try #require(books.balanced, "\(books.violations)")
        }
        kept.removeAll()
        group.refill()
        for talk in talks { #expect(talk.incoming.position == total && talk.outgoing.position == total) }
    }

    /// Sends the next piece when the last one has arrived; closes after the last.
    private func speak(_ talk: inout Talk, _ total: UInt64, _ random: inout SplitMix64) {
        guard talk.incoming.position == talk.outgoing.position else { return }
        let left = Int(total - talk.outgoing.position)
        if left == 0 { return talk.pair.closeWriter() }
        talk.pair.write(talk.outgoing.next(min(left, 1 + random.below(3000))))
    }
}
