// A pool on the real kernel: sockets with messages of all sizes, every byte checked.

import Glibc
import KernelSupport
import TestSupport
import Testing
import UringBuffers
import UringQueue

/// Connections that receive through a pool, each with an estimate of its own.
final class PoolTraffic {
    final class Connection {
        let pair: SocketPair
        var outgoing: ByteStream
        var incoming: ByteStream
        var estimate = ReceiveEstimate()
        var armed: BufferGroupID?
        /// Messages of up to so many bytes.
        var most = 1

        init(_ kind: SocketKind, seed: UInt64) {
            pair = SocketPair(kind)
            pair.enlarge(to: 1 << 20)
            outgoing = ByteStream(seed: seed)
            incoming = outgoing
        }

        var onItsWay: Int { Int(outgoing.position - incoming.position) }
    }

    let queue: UringQueue
    let pool: BufferPool
    let connections: [Connection]
    var held: [Handoff<ProvidedBuffer>] = []
    /// How many buffers to hold on to.
    var hold = 0
    var reasons: [PoolChoice.Reason: Int] = [:]
    var receivesPerClass: [Int]
    /// Connections whose receive starved and was not armed again.
    private var waiting: Set<Int> = []
    private var generator: SplitMix64

    init(
        _ kind: SocketKind, connections count: Int, classes: [SizeClass], budget: Int, mode: BufferMode = .wholeBuffers,
        seed: UInt64
    ) throws {
        queue = try UringQueue(entries: 256)
        pool = try BufferPool(on: queue, classes: classes, budget: budget, mode: mode, firstID: 40)
        connections = (0..<count).map { Connection(kind, seed: seed &+ UInt64($0)) }
        receivesPerClass = classes.map { _ in 0 }
        generator = SplitMix64(seed: seed)
    }

    /// Every connection sends a message, and all of them arrive.
    func round() throws {
        for one in connections {
            one.pair.write(one.outgoing.next(1 + generator.below(one.most)))
        }
        for number in connections.indices where connections[number].armed == nil { arm(number) }
        while connections.contains(where: { $0.onItsWay > 0 }) {
            try queue.wait()
            try queue.forEachCompletion { completion in try take(completion) }
            rearm()
            #expect(pool.committedBytes <= pool.budget)
        }
    }

    /// Arms what starved. As long as nothing but starved receives could bring something, what is held gives way, the oldest
    /// first; and with nothing held nobody may wait.
    private func rearm() {
        while true {
            for one in pool.refill().rearm {
                waiting.remove(Int(one.token))
                arm(Int(one.token))
            }
            let busy = connections.indices.filter { connections[$0].onItsWay > 0 }
            guard !busy.isEmpty, busy.allSatisfy(waiting.contains) else { return }
            guard !held.isEmpty else { fatalError("\(waiting) wait, and nothing is held: \(pool.books())") }
            held.removeFirst().end()
        }
    }

    private func arm(_ number: Int) {
        let one = connections[number]
        let choice = pool.choose(for: one.estimate.bytes)
        reasons[choice.reason, default: 0] += 1
        one.armed = choice.id
        queue.receive(from: one.pair.reader, into: pool[choice.id], tag: UInt64(number))
    }

    private func take(_ completion: Completion) throws {
        let number = Int(completion.tag)
        let one = connections[number]
        guard let id = one.armed else { fatalError("nothing was armed") }
        one.armed = nil
        switch pool[id].take(completion) {
        case .buffer(let buffer):
            one.estimate.note(received: buffer.count, room: pool[id].bufferSize)
            receivesPerClass[pool.index(of: id)!] += 1
            let isNext = one.incoming.matches(buffer)
            guard isNext else { fatalError("connection \(number), wrong bytes before \(one.incoming.position)") }
            held.append(Handoff(buffer))
            while held.count > hold { held.remove(at: generator.below(held.count)).end() }
        case .starved:
            // What is held back gives way.
            let less = held.count / 2
            while held.count > less { held.removeLast().end() }
            one.armed = id
            wait(number)
            return
        case .failed(let error): throw error
        default: fatalError("unexpected \(completion)")
        }
        arm(number)
    }

    private func wait(_ number: Int) {
        let waits = pool[connections[number].armed!].rearmWhenRefilled(UInt64(number))
        #expect(waits)
        waiting.insert(number)
    }

    /// Ends every request and the pool. (Moving the pool out of a class is not possible, so it is closed in place.)
    func finish() throws {
        held = []
        for one in connections { one.pair.closeWriter() }
        while connections.contains(where: { $0.armed != nil }) {
            rearm()
            try queue.wait()
            queue.forEachCompletion { completion in
                let one = connections[Int(completion.tag)]
                switch pool[one.armed!].take(completion) {
                case .endOfStream: one.armed = nil
                // Even the end of a stream needs a buffer to be told in, and others wait for theirs.
                case .starved: wait(Int(completion.tag))
                default: fatalError("not the end")
                }
            }
        }
        let books = pool.books()
        #expect(books.balanced, "\(books.violations)")
        #expect(books.states.lent == 0 && books.selected == books.recycled + books.returned)
        #expect(books.receivedBytes == connections.reduce(0) { $0 + Int($1.incoming.position) })
        #expect(books.peakCommittedBytes <= books.budget)
        try pool.close()
    }
}

@Suite struct PoolTrafficTests {
    static let classes = [
        SizeClass(bufferSize: 512, capacity: 2048), SizeClass(bufferSize: 4096, capacity: 1024),
        SizeClass(bufferSize: 65536, capacity: 128),
    ]

    /// Chats, pages and transfers; a third of the connections changes its kind now and then.
    @Test(arguments: SocketKind.allCases, [BufferMode.wholeBuffers, .providedBuffers, .callerChosen])
    func messagesOfAllSizes(_ kind: SocketKind, mode: BufferMode) throws {
        try withSeed { generator in
            let traffic = try PoolTraffic(
                kind, connections: 24, classes: Self.classes, budget: 2 << 20, mode: mode,
                seed: generator.next())
            for round in 0..<300 {
                if round % 20 == 0 {
                    for (number, one) in traffic.connections.enumerated() where number % 3 == 0 || round == 0 {
                        one.most = [60, 500, 4000, 100_000][generator.below(4)]
                    }
                    traffic.hold = [0, 10, 300, 3000][generator.below(4)]
                }
                try traffic.round()
                if round % 10 == 0 {
                    let books = traffic.pool.books()
                    #expect(books.balanced, "\(books.violations)")
                    #expect(traffic.pool.residentBytes <= traffic.pool.committedBytes)
                }
            }
            #expect(traffic.receivesPerClass.allSatisfy { $0 > 0 }, "\(traffic.receivesPerClass)")
            #expect(traffic.reasons[.fits, default: 0] > 0)
            try traffic.finish()
        }
    }

    /// A chat needs a class of small buffers only; a transfer moves to large ones by itself, and back.
    @Test func estimatesLeadToTheRightClass() throws {
        let traffic = try PoolTraffic(.unix, connections: 1, classes: Self.classes, budget: 4 << 20, seed: 1)
        for _ in 0..<100 { try traffic.round() }
        #expect(traffic.receivesPerClass == [100, 0, 0])
        traffic.connections[0].most = 200_000
        for _ in 0..<50 { try traffic.round() }
        #expect(traffic.receivesPerClass[2] > 50)
        traffic.connections[0].most = 100
        for _ in 0..<100 { try traffic.round() }
        let before = traffic.receivesPerClass
        for _ in 0..<100 { try traffic.round() }
        #expect(traffic.receivesPerClass[0] == before[0] + 100)
        try traffic.finish()
    }

    /// A burst in each class in turn, and back: what is resident is what the low load needs.
    @Test func burstsAndBack() throws {
        let traffic = try PoolTraffic(.unix, connections: 12, classes: Self.classes, budget: 3 << 20, seed: 5)
        func calm(_ rounds: Int) throws {
            traffic.hold = 6
            for (number, one) in traffic.connections.enumerated() { one.most = [300, 3000, 40_000][number % 3] }
            for _ in 0..<rounds { try traffic.round() }
        }
        try calm(2000)
        let low = traffic.pool.residentBytes
        for most in [400, 4000, 65536] {
            traffic.hold = 5000
            for one in traffic.connections { one.most = most }
            for _ in 0..<120 { try traffic.round() }
            while traffic.held.count > 6 { traffic.held.remove(at: traffic.held.count * 3 / 7).end() }
        }
        let peak = traffic.pool.residentBytes
        #expect(peak > low * 3 / 2, "\(peak), \(low)")
        try calm(3000)
        let after = traffic.pool.residentBytes
        #expect(after <= low * 11 / 10, "\(low >> 10) KiB before, \(peak >> 10) at the peak, \(after >> 10) after")
        try traffic.finish()
    }
}
