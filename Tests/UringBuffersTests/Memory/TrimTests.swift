// Giving memory back: whole pages of spare buffers, and not one byte of any other.

import KernelSupport
import TestSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct TrimTests {
    /// Receives one message of `bytes` bytes that all are `value`.
    private static func buffer(
        _ queue: borrowing UringQueue, _ pair: SocketPair, _ group: borrowing BufferGroup, _ value: UInt8, bytes: Int
    ) throws -> ProvidedBuffer {
        pair.write([UInt8](repeating: value, count: bytes))
        while true {
            queue.receive(from: pair.reader, into: group, tag: 1)
            try queue.wait()
            var found: ProvidedBuffer?
            queue.forEachCompletion { completion in
                switch group.take(completion) {
                case .buffer(let buffer): found = consume buffer
                case .starved: break
                default: fatalError("unexpected \(completion)")
                }
            }
            group.refill()
            if let found = found.take() { return found }
        }
    }

    @Test func aBurstAndBack() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 4096, bufferSize: 4096)
        // The low load: a few buffers at a time.
        func calm(_ messages: Int) throws {
            for number in 0..<messages {
                try Self.buffer(queue, pair, group, UInt8(truncatingIfNeeded: number), bytes: 4096).recycle()
            }
        }
        try calm(2000)
        let low = group.residentBytes
        #expect(low < 2 << 20)
        var held: [Handoff<ProvidedBuffer>] = []
        for _ in 0..<4096 { held.append(Handoff(try Self.buffer(queue, pair, group, 1, bytes: 4096))) }
        #expect(group.residentBytes == 4096 * 4096)
        held = []
        // The window comes down, what it had published is used up, and what is cold goes.
        try calm(25_000)
        #expect(group.residentBytes <= low * 11 / 10, "\(group.residentBytes) bytes are resident, \(low) were")
        let books = group.books()
        #expect(books.balanced && books.trimmedBytes >= 4096 * 4096 - low)
        try group.close()
    }

    @Test(arguments: PageSourceKind.allCases)
    func trimmingAtOnce(kind: PageSourceKind) throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 4096, slab: kind.source)
        group.trimsAutomatically = false
        var held: [Handoff<ProvidedBuffer>] = []
        for _ in 0..<256 { held.append(Handoff(try Self.buffer(queue, pair, group, 1, bytes: 4096))) }
        for handoff in held[16...] { handoff.end() }
        let before = group.residentBytes
        #expect(before >= 256 * 4096)
        let first = group.trim(keeping: 10, most: 20)
        let second = group.trim(keeping: 10)
        let third = group.trim(keeping: 10)
        #expect(first == 20 * 4096 && second >= 100 * 4096)
        #expect(third == 0, "there is nothing left to give")
        #expect(group.residentBytes == before - first - second)
        for handoff in held[..<16] {
            let buffer = handoff.take()
            #expect(unsafe buffer.withUnsafeBytes { unsafe $0.allSatisfy { $0 == 1 } })
        }
        held = []
        // Everything works as before.
        for number in 0..<600 {
            let buffer = try Self.buffer(queue, pair, group, UInt8(number & 255), bytes: 4096)
            #expect(unsafe buffer.withUnsafeBytes { unsafe $0.allSatisfy { $0 == UInt8(number & 255) } })
        }
        #expect(group.books().balanced)
        try group.close()
    }

    /// However short the time, a step is made, and the steps together do what one call does.
    @Test func trimmingInSteps() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 4096)
        group.trimsAutomatically = false
        func fill() throws {
            var held: [Handoff<ProvidedBuffer>] = []
            for _ in 0..<400 { held.append(Handoff(try Self.buffer(queue, pair, group, 1, bytes: 4096))) }
            held = []
        }
        try fill()
        let whole = group.trim(keeping: 0)
        try fill()
        var steps: [Int] = []
        while true {
            let bytes = group.trim(keeping: 0, within: .zero)
            if bytes == 0 { break }
            steps.append(bytes)
        }
        #expect(steps.count > 4 && steps.allSatisfy { $0 <= 256 << 10 }, "\(steps)")
        #expect(steps.reduce(0, +) == whole)
        try fill()
        #expect(group.trim(keeping: 0, within: .seconds(3600)) == whole)
        try group.close()
    }

    enum PageSourceKind: String, CaseIterable {
        case map, heap, file

        var source: PageSource {
            switch self {
            case .map: .anonymousMap
            case .heap: .alignedHeap
            case .file: .memoryFile(name: "trimmed")
            }
        }
    }

    /// Buffers of every size, held and ended at random, trimmed at random: what is held keeps its bytes.
    @Test(arguments: [16, 100, 512, 4095, 4096, 5000, 65536], RefillPolicy.allCases)
    func liveBuffersAreNeverTouched(size: Int, refill: RefillPolicy) throws {
        try withSeed(rounds: 2) { generator in
            let queue = try UringQueue()
            let pair = SocketPair()
            let group = try BufferGroup(
                ring: queue.descriptor, id: 1, capacity: 128, bufferSize: size, refill: refill)
            var held: [(handoff: Handoff<ProvidedBuffer>, value: UInt8)] = []
            for round in 0..<400 {
                let value = UInt8(truncatingIfNeeded: round)
                if held.count < 120, !generator.oneIn(3) {
                    held.append((Handoff(try Self.buffer(queue, pair, group, value, bytes: size)), value))
                } else if !held.isEmpty {
                    let one = held.remove(at: generator.below(held.count))
                    let buffer = one.handoff.take()
                    let isWhole = unsafe buffer.withUnsafeBytes { bytes in
                        unsafe bytes.count == size && bytes.allSatisfy { $0 == one.value }
                    }
                    #expect(isWhole)
                }
                if generator.oneIn(4) { group.trim(keeping: generator.below(8), most: 1 + generator.below(64)) }
            }
            for one in held {
                let buffer = one.handoff.take()
                let isWhole = unsafe buffer.withUnsafeBytes { unsafe $0.allSatisfy { $0 == one.value } }
                #expect(isWhole)
            }
            #expect(group.lent == 0 && group.books().balanced)
            try group.close()
        }
    }

    /// The kernel has the pages of a fixed slot pinned. Were one exchanged, a send of the slot would carry the old bytes.
    @Test func whatAFixedSlotNamesIsKept() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 64, bufferSize: 4096)
        group.trimsAutomatically = false
        let held = try (0..<60).map { _ in Handoff(try Self.buffer(queue, pair, group, 1, bytes: 100)) }
        for handoff in held { handoff.end() }
        let free = group.trim(keeping: 0, most: 8)
        #expect(free > 0)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        try table.register(group, in: 0)
        let pinned = group.trim(keeping: 0)
        #expect(pinned == 0)
    }
}
