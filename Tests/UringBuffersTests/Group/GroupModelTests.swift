// A group against a model, through random steps on the real kernel: take, hold, end here and elsewhere, refill, bundles.

import Glibc
import KernelSupport
import RingArithmetic
import TestSupport
import Testing
import UringBuffers
import UringQueue

struct ModelCase: Sendable, CustomTestStringConvertible {
    let capacity: Int
    let bufferSize: Int
    let policy: RefillPolicy
    let memory: RingMemoryKind

    var testDescription: String { "\(capacity)×\(bufferSize) \(policy) \(memory)" }

    static let all: [ModelCase] = [1, 2, 8, 64, 256].flatMap { capacity in
        RefillPolicy.allCases.map { policy in
            ModelCase(
                capacity: capacity, bufferSize: capacity == 8 ? 1 : 24, policy: policy,
                memory: capacity % 8 == 0 ? .kernel : .application)
        }
    }
}

@Suite struct GroupModelTests {
    @Test(arguments: ModelCase.all)
    func everyStepKeepsTheBooks(_ shape: ModelCase) throws {
        try withSeed(rounds: 2) { random in
            let driver = try QueueDriver(entries: 16)
            let group = try BufferGroup(
                ring: driver.descriptor, id: 1, capacity: shape.capacity, bufferSize: shape.bufferSize,
                refill: shape.policy, ringMemory: shape.memory)
            var run = ModelRun(shape: shape, driver: driver, seed: random.next())
            let remote = RemoteEnds()
            for step in 0..<2000 {
                try run.step(group, remote, &random)
                let difference = run.difference(from: group.books(), group.lent, remote)
                guard difference.isEmpty else {
                    Issue.record("step \(step): \(difference)")
                    return
                }
            }
            remote.finish()
            run.endAll()
            group.refill()
            let books = group.books()
            #expect(books.balanced && books.states.lent == 0 && group.lent == 0)
            #expect(books.selected == books.recycled + books.returned)
            #expect(run.received > 0, "nothing was received: the test shows nothing")
            try group.close()
        }
    }
}

/// The model: which bids are held here, what was selected and ended, and where the stream is.
private struct ModelRun {
    let shape: ModelCase
    let driver: QueueDriver
    let pair = SocketPair()
    var outgoing: ByteStream
    var incoming: ByteStream
    var held: [(bid: UInt16, buffer: Handoff<ProvidedBuffer>)] = []
    var selected = 0
    var recycled = 0
    var received = 0
    var starvations = 0
    var wrong: [String] = []

    init(shape: ModelCase, driver: QueueDriver, seed: UInt64) {
        self.shape = shape
        self.driver = driver
        outgoing = ByteStream(seed: seed)
        incoming = outgoing
    }

    mutating func step(
        _ group: borrowing BufferGroup, _ remote: RemoteEnds, _ random: inout SplitMix64
    ) throws {
        switch random.below(10) {
        case 0...3: try receive(group, &random)
        case 4, 5: endOne(&random)
        case 6: if let (_, buffer) = removeOne(&random) { remote.end(buffer) }
        case 7: group.refill()
        case 8: throughAToken(&random)
        default: for _ in 0..<random.below(8) { endOne(&random) }
        }
    }

    private mutating func receive(_ group: borrowing BufferGroup, _ random: inout SplitMix64) throws {
        if outgoing.position == incoming.position {
            pair.write(outgoing.next(1 + random.below(min(shape.capacity, 40) * shape.bufferSize)))
        }
        driver.receive(from: pair.reader, into: group, multishot: false, bundle: random.oneIn(2), tag: 1)
        switch group.take(try driver.completions(atLeast: 1)[0]) {
        case .buffer(let buffer): hold(buffer)
        case .bundle(var bundle):
            if bundle.count < 2 { wrong.append("a bundle of \(bundle.count)") }
            if random.oneIn(4) {
                // Give back a part unseen: the stream goes on after it.
                let dropped = random.below(bundle.byteCount)
                let before = bundle.count
                bundle.drop(bytes: dropped)
                selected += before - bundle.count
                recycled += before - bundle.count
                received += before - bundle.count
                _ = incoming.next(dropped)
            }
            while let buffer = bundle.next() { hold(buffer) }
        case .starved: starvations += 1
        default: wrong.append("unexpected outcome")
        }
    }

    private mutating func hold(_ buffer: consuming ProvidedBuffer) {
        let bid = buffer.id.rawValue
        if held.contains(where: { $0.bid == bid }) { wrong.append("bid \(bid) was handed out twice") }
        if !incoming.matches(buffer) { wrong.append("wrong bytes before \(incoming.position)") }
        selected += 1
        received += 1
        held.append((bid, Handoff(buffer)))
    }

    private mutating func removeOne(_ random: inout SplitMix64) -> (UInt16, Handoff<ProvidedBuffer>)? {
        held.isEmpty ? nil : held.remove(at: random.below(held.count))
    }

    private mutating func endOne(_ random: inout SplitMix64) {
        guard let (_, buffer) = removeOne(&random) else { return }
        buffer.end()
        recycled += 1
    }

    private mutating func throughAToken(_ random: inout SplitMix64) {
        guard !held.isEmpty else { return }
        let position = random.below(held.count)
        let token = held[position].buffer.take().intoToken()
        if token.id.rawValue != held[position].bid { wrong.append("the token has another bid") }
        held[position].buffer.put(token.reclaim())
    }

    mutating func endAll() {
        for (_, buffer) in held { buffer.end() }
        recycled += held.count
        held = []
    }

    /// What the books say and the model does not, in words.
    func difference(from books: GroupSnapshot, _ lent: Int, _ remote: RemoteEnds) -> [String] {
        var found = wrong + books.violations
        func same(_ name: String, _ book: Int, _ model: Int) {
            if book != model { found.append("\(name): the books say \(book), the model \(model)") }
        }
        same("selected", books.selected, selected)
        same("recycled", books.recycled, recycled)
        same("returned", books.returned, remote.ended)
        same("lent", books.states.lent, held.count)
        same("starvations", books.starvations, starvations)
        same("unreaped", books.unreaped ?? -1, 0)
        same("free and published", books.states.cached + books.states.available, shape.capacity - held.count)
        if lent < held.count { found.append("\(lent) are out, but \(held.count) are held") }
        return found
    }
}

/// Ends buffers on a thread of its own, each before the next step goes on.
private final class RemoteEnds {
    private(set) var ended = 0
    private let lane = Lane()
    private let thread: OtherThread

    init() {
        let lane = lane
        thread = OtherThread { lane.endEverything() }
    }

    func end(_ buffer: Handoff<ProvidedBuffer>) {
        lane.put(buffer.take())
        lane.waitUntilEnded()
        ended += 1
    }

    func finish() {
        lane.finish()
        thread.join()
    }
}
