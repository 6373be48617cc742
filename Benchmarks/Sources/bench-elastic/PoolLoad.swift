// Traffic through a pool of three classes under one budget: bursts in one class after the other, and back.

import Glibc
import UringBuffers
import UringQueue

final class PoolLoad {
    /// 80 MiB of buffers.
    static let classes = [
        SizeClass(bufferSize: 512, capacity: 32768), SizeClass(bufferSize: 4096, capacity: 8192),
        SizeClass(bufferSize: 65536, capacity: 512),
    ]
    static let budget = 32 << 20

    private let queue: UringQueue
    let pool: BufferPool
    private var connections: [Connection]
    private var estimates: [ReceiveEstimate]
    private var armed: [BufferGroupID]
    /// The message size of each connection.
    private var sizes: [Int]
    private var held: [[Held]]
    private var hold: [Int]
    private var waiting: [Int]
    private var generator = SystemRandomNumberGenerator()
    private(set) var plain = Pauses()
    private(set) var trimming = Pauses()
    private(set) var passedOver = 0
    private(set) var receives = 0

    init() throws {
        queue = try UringQueue(entries: 256, completionEntries: 4096)
        pool = try BufferPool(ring: queue.descriptor, classes: Self.classes, budget: Self.budget)
        connections = (0..<24).map { _ in Connection() }
        estimates = connections.map { _ in ReceiveEstimate() }
        armed = connections.map { _ in 0 }
        sizes = connections.indices.map { [400, 3000, 40_000][$0 % 3] }
        held = Self.classes.map { _ in [] }
        hold = Self.classes.map { _ in 4 }
        waiting = connections.map { _ in 0 }
        for number in connections.indices { arm(number) }
    }

    func round() throws {
        for number in connections.indices { send(number) }
        while waiting.contains(where: { $0 > 0 }) { try turn() }
    }

    /// All messages are of a class's size, and its buffers are kept until it has no more within the budget.
    func burst(class index: Int) throws -> (held: Int, committed: Int, resident: Int) {
        let before = sizes
        sizes = sizes.map { _ in [500, 4000, 65_536][index] }
        // Estimates follow.
        for _ in 0..<20 { try round() }
        hold[index] = .max
        let size = Self.classes[index].bufferSize
        while held[index].count < Self.classes[index].capacity - 64 {
            let choice = pool.choose(for: size)
            if choice.index != index { break }
            try round()
        }
        let result = (held[index].count * size, pool.committedBytes, pool.residentBytes)
        held[index].shuffle(using: &generator)
        hold[index] = 4
        while held[index].count > 4 {
            held[index].removeLast(min(held[index].count - 4, 64))
            refill()
        }
        sizes = before
        for _ in 0..<20 { try round() }
        return result
    }

    func finish() throws -> BufferPoolBooks {
        for index in held.indices { held[index] = [] }
        for one in connections { close(one.writer) }
        waiting = connections.map { _ in 1 }
        while waiting.contains(where: { $0 > 0 }) { try turn() }
        for one in connections { close(one.reader) }
        let books = pool.books()
        guard books.balanced, books.states.lent == 0 else { fatalError("books: \(books)") }
        guard books.receivedBytes == connections.reduce(0, { $0 + $1.sent }) else { fatalError("bytes are missing") }
        guard books.peakCommittedBytes <= books.budget else { fatalError("the budget was exceeded") }
        try pool.close()
        return books
    }

    private func send(_ number: Int) {
        connections[number].send(sizes[number], number: number)
        waiting[number] += sizes[number]
    }

    private func turn() throws {
        try queue.wait()
        try queue.forEachCompletion { completion in try take(completion) }
        refill()
    }

    private func refill() {
        let before = trimmedBytes
        let outcome = plain.measure { pool.refill() }
        if trimmedBytes != before { plain.moveLast(to: &trimming) }
        for waiting in outcome.rearm { arm(Int(waiting.token)) }
        guard pool.committedBytes <= pool.budget else { fatalError("the budget is exceeded") }
    }

    private var trimmedBytes: Int {
        var bytes = 0
        for index in 0..<pool.count { bytes += pool[class: index].trimmedBytes }
        return bytes
    }

    private func arm(_ number: Int) {
        let choice = pool.choose(for: estimates[number].bytes)
        receives += 1
        if choice.reason != .fits, choice.reason != .largest { passedOver += 1 }
        armed[number] = choice.id
        guard choice.reason != .exhausted else {
            guard pool[choice.id].rearmWhenRefilled(UInt64(number)) else { fatalError("too many wait") }
            return
        }
        queue.receive(from: connections[number].reader, into: pool[choice.id], tag: UInt64(number))
    }

    private func take(_ completion: Completion) throws {
        let number = Int(completion.tag)
        let id = armed[number]
        switch pool[id].take(completion) {
        case .buffer(let buffer):
            connections[number].check(buffer, number: number)
            waiting[number] -= buffer.count
            estimates[number].note(received: buffer.count, room: pool[id].bufferSize)
            let index = pool.index(of: id)!
            held[index].append(Held(buffer))
            while held[index].count > hold[index] {
                held[index].swapRemove(Int.random(in: 0..<held[index].count, using: &generator))
            }
        // Other receives took what there was when it was armed: another class may have buffers.
        case .starved: break
        case .endOfStream:
            waiting[number] -= 1
            return
        case .failed(let error): throw error
        default: fatalError("unexpected \(completion)")
        }
        arm(number)
    }
}
