// Traffic through one group: a low load, a burst that takes every buffer, and back.

import Glibc
import UringBuffers
import UringQueue

struct Shape {
    var capacity: Int
    var bufferSize: Int
    var connections = 16
    var name: String { "\(capacity) × \(bufferSize)" }
}

/// Owns queue, group and sockets; all of it on one thread.
final class GroupLoad {
    let shape: Shape
    private let queue: UringQueue
    let group: BufferGroup
    private var connections: [Connection]
    private var waiting = 0
    private var held: [Held] = []
    /// How many buffers the application keeps.
    private var hold = 0
    private var generator = SystemRandomNumberGenerator()
    private(set) var refills = 0
    private(set) var messages = 0
    /// Refills that gave nothing back, and those that did.
    var plain = Pauses()
    var trimming = Pauses()

    init(_ shape: Shape, automatic: Bool) throws {
        self.shape = shape
        queue = try UringQueue(entries: 256, completionEntries: 4096)
        group = try BufferGroup(
            ring: queue.descriptor, id: 0, capacity: shape.capacity, bufferSize: shape.bufferSize)
        group.trimsAutomatically = automatic
        connections = (0..<shape.connections).map { _ in Connection() }
        for number in connections.indices { arm(number) }
    }

    /// Every connection sends a message that fills a buffer, and all of them arrive.
    func round() throws {
        for number in connections.indices { send(number) }
        while waiting > 0 { try turn() }
    }

    func calm(rounds: Int, each: () -> Void = {}) throws {
        hold = 8
        for _ in 0..<rounds {
            try round()
            each()
        }
    }

    /// Takes every buffer of the pool, then ends them in a random order, some at a time.
    func burst() throws -> Int {
        hold = .max
        while group.lent < shape.capacity {
            for number in connections.indices where waiting == 0 || group.lent + waiting < shape.capacity {
                send(number)
            }
            while waiting > 0, group.lent < shape.capacity { try turn() }
        }
        let resident = group.residentBytes
        held.shuffle(using: &generator)
        hold = 8
        while held.count > 8 {
            held.removeLast(min(held.count - 8, 256))
            refill()
        }
        while waiting > 0 { try turn() }
        return resident
    }

    func finish() throws -> GroupSnapshot {
        held = []
        for one in connections { close(one.writer) }
        waiting = connections.count
        while waiting > 0 { try turn() }
        for one in connections { close(one.reader) }
        let books = group.books()
        guard books.balanced, books.states.lent == 0, group.lent == 0 else { fatalError("books: \(books)") }
        guard books.receivedBytes == connections.reduce(0, { $0 + $1.sent }) else { fatalError("bytes are missing") }
        try group.close()
        return books
    }

    private func send(_ number: Int) {
        connections[number].send(shape.bufferSize, number: number)
        waiting += 1
    }

    private func turn() throws {
        try queue.wait()
        try queue.forEachCompletion { completion in try take(completion) }
        refill()
    }

    private func refill() {
        let before = group.trimmedBytes
        let outcome = plain.measure { group.refill() }
        if group.trimmedBytes != before { plain.moveLast(to: &trimming) }
        refills += 1
        for token in outcome.rearm { arm(Int(token)) }
    }

    private func arm(_ number: Int) {
        queue.receiveMultishot(from: connections[number].reader, into: group, tag: UInt64(number))
    }

    private func take(_ completion: Completion) throws {
        let number = Int(completion.tag)
        switch group.take(completion) {
        case .buffer(let buffer):
            connections[number].check(buffer, number: number)
            if connections[number].received % shape.bufferSize == 0 {
                waiting -= 1
                messages += 1
            }
            held.append(Held(buffer))
            while held.count > hold { held.swapRemove(Int.random(in: 0..<held.count, using: &generator)) }
        case .starved:
            guard group.rearmWhenRefilled(completion.tag) else { fatalError("too many wait") }
            return
        case .endOfStream:
            waiting -= 1
            return
        case .failed(let error): throw error
        default: fatalError("unexpected \(completion)")
        }
        if completion.isFinal { arm(number) }
    }
}

extension Array {
    mutating func swapRemove(_ index: Int) {
        swapAt(index, count - 1)
        removeLast()
    }
}
