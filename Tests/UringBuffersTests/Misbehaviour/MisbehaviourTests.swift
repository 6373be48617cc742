// The cases in which other pools lose, corrupt or stall in ordinary use: the README's table names these tests.
// Each runs in every mode, over TCP, with bytes that are known by their position.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct MisbehaviourTests {
    enum Mode: String, CaseIterable, Codable {
        case whole, incremental, minimumLeft

        var consumption: Consumption {
            switch self {
            case .whole: .whole
            case .incremental: .incremental()
            case .minimumLeft: .incremental(minimumLeft: 300)
            }
        }
    }

    /// A connection and a group of `capacity` buffers of 1 KiB.
    private struct Setting: ~Copyable {
        let ring: BareRing
        let pair = SocketPair(.tcp)
        let group: BufferGroup

        init(_ mode: Mode, capacity: Int) throws {
            let made = try BareRing()
            group = try BufferGroup(
                ring: made.descriptor, id: 1, capacity: capacity, bufferSize: 1024, consumption: mode.consumption)
            ring = made
        }

        /// Writes a message of 256 bytes, four to a buffer, and waits for its completion, without taking it.
        func completion(_ number: Int, bundle: Bool = false, bytes: Int = 256) throws -> Completion {
            pair.write(MisbehaviourTests.message(number, bytes: bytes))
            group.refill()
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: bundle, tag: UInt64(number))
            return try ring.completions(atLeast: 1)[0]
        }

        func take(_ completion: Completion) -> ProvidedBuffer {
            guard case .buffer(let buffer) = group.take(completion) else { fatalError("unexpected \(completion)") }
            return buffer
        }

        consuming func end() throws {
            group.refill()
            #expect(group.lent == 0 && group.books().balanced && group.missing().isEmpty)
            try group.close()
        }
    }

    private static func message(_ number: Int, bytes: Int = 256) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: number &* 31 &+ $0) }
    }

    private static func holds(_ buffer: borrowing ProvidedBuffer, _ number: Int) -> Bool {
        unsafe buffer.withUnsafeBytes { unsafe Array($0) } == message(number)
    }

    /// `#expect` cannot look into an expression with a noncopyable argument.
    private func expect(_ holds: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(holds, sourceLocation: location)
    }

    @Test(arguments: Mode.allCases)
    func twoCompletionsReadBeforeTheFirstIsReleased(mode: Mode) throws {
        let one = try Setting(mode, capacity: 4)
        let completions = [try one.completion(1), try one.completion(2)]
        let first = one.take(completions[0])
        let second = one.take(completions[1])
        expect(Self.holds(first, 1) && Self.holds(second, 2))
        first.recycle()
        expect(Self.holds(second, 2))
        second.recycle()
        try one.end()
    }

    @Test(arguments: Mode.allCases)
    func aBufferHeldAcrossLaterReceives(mode: Mode) throws {
        let one = try Setting(mode, capacity: 4)
        let held = one.take(try one.completion(1))
        for number in 2..<42 {
            let buffer = one.take(try one.completion(number))
            expect(Self.holds(buffer, number) && Self.holds(held, 1))
        }
        held.recycle()
        try one.end()
    }

    /// Not with a minimum: the queue refuses bundles there (`RefusalTests`).
    @Test(arguments: [Mode.whole, .incremental])
    func buffersReleasedOutOfOrderUnderBundles(mode: Mode) throws {
        let one = try Setting(mode, capacity: 16)
        var source = ByteStream(seed: 11)
        var check = ByteStream(seed: 11)
        var held: [Handoff<ProvidedBuffer>] = []
        while check.position < 1_000_000 {
            if source.position == check.position { one.pair.write(source.next(5000)) }
            one.group.refill()
            one.ring.receive(from: one.pair.reader, into: one.group, multishot: false, bundle: true, tag: 1)
            switch one.group.take(try one.ring.completions(atLeast: 1)[0]) {
            case .buffer(let buffer):
                let good = check.matches(buffer)
                #expect(good)
                held.append(Handoff(buffer))
            case .bundle(var bundle):
                while let buffer = bundle.next() {
                    let good = check.matches(buffer)
                    #expect(good)
                    held.append(Handoff(buffer))
                }
            default: Issue.record("unexpected outcome")
            }
            // Back to front, every other one first.
            for parity in [1, 0] {
                for number in held.indices.reversed() where number % 2 == parity { held[number].end() }
            }
            held = []
        }
        try one.end()
    }

    @Test(arguments: Mode.allCases, [false, true])
    func completedReceivesThatNobodyReads(mode: Mode, bundle: Bool) throws {
        let bundle = bundle && mode != .minimumLeft
        let one = try Setting(mode, capacity: 8)
        // Twice the pool, each dropped as soon as it is known.
        for number in 0..<16 {
            let completion = try one.completion(number, bundle: bundle, bytes: 1024)
            var left = 1024 - Int(completion.result)
            _ = one.group.take(completion)
            while left > 0 {
                one.ring.receive(from: one.pair.reader, into: one.group, multishot: false, bundle: bundle, tag: 1)
                let more = try one.ring.completions(atLeast: 1)[0]
                left -= Int(more.result)
                _ = one.group.take(more)
            }
        }
        let buffer = one.take(try one.completion(99))
        expect(Self.holds(buffer, 99))
        buffer.recycle()
        try one.end()
    }

    @Test(arguments: Mode.allCases)
    func oneBufferHeldWhileAHundredOthersGoOn(mode: Mode) throws {
        let one = try Setting(mode, capacity: 2)
        let held = one.take(try one.completion(7))
        for number in 100..<200 {
            let buffer = one.take(try one.completion(number))
            expect(Self.holds(buffer, number))
            buffer.recycle()
        }
        expect(Self.holds(held, 7))
        held.recycle()
        try one.end()
    }

    /// Without a `minimumLeft` the kernel would cut the datagram that meets the end of a buffer: the queue refuses that
    /// combination (`SelectionTests`), and with one every datagram is whole.
    @Test(arguments: [Consumption.whole, .incremental(minimumLeft: 300)])
    func datagramsAreNeverCut(consumption: Consumption) throws {
        let ring = try BareRing()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 1024, consumption: consumption)
        var ends: [Int32] = [0, 0]
        try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { _ = close(end) } }
        for number in 0..<40 {
            let datagram = Self.message(number, bytes: 300)
            let sent = unsafe datagram.withUnsafeBytes { unsafe send(ends[1], $0.baseAddress, $0.count, 0) }
            #expect(sent == 300)
            group.refill()
            ring.receive(from: ends[0], into: group, multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
                fatalError("no buffer")
            }
            let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
            #expect(bytes == datagram)
        }
        #expect(group.lent == 0 && group.books().balanced)
        try group.close()
    }

    /// 16 MiB forwarded through four buffers of 4 KiB, two streams at once, with bundles.
    @Test(arguments: [Consumption.whole, .incremental()])
    func aSmallPoolMovesALargeTransfer(consumption: Consumption) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 4, bufferSize: 4096, consumption: consumption)
        let bytes: UInt64 = 8 << 20
        let streams = (0..<2).map { number in (source: SocketPair(.tcp), sink: SocketPair(.tcp), seed: UInt64(number)) }
        let threads = streams.flatMap { stream in
            let (writer, reader, seed) = (stream.source, stream.sink, stream.seed)
            return [
                OtherThread {
                    var source = ByteStream(seed: seed)
                    while source.position < bytes { writer.write(source.next(65536)) }
                },
                OtherThread {
                    var check = ByteStream(seed: seed)
                    while check.position < bytes {
                        let good = check.matches(reader.read(65536))
                        #expect(good)
                    }
                },
            ]
        }
        var sent: [UInt64] = [0, 0]
        for number in 0..<2 { arm(queue, group, streams[number].source.reader, number) }
        while sent != [bytes, bytes] {
            try queue.wait()
            queue.forEachCompletion { completion in
                let number = Int(completion.tag % 10)
                if completion.tag >= 10 {
                    #expect(completion.result > 0)
                    sent[number] += UInt64(max(0, completion.result))
                    if sent[number] < bytes { arm(queue, group, streams[number].source.reader, number) }
                    return
                }
                switch group.take(completion) {
                case .buffer(let buffer): queue.send(buffer, to: streams[number].sink.writer, tag: UInt64(10 + number))
                case .bundle(let bundle): queue.send(bundle, to: streams[number].sink.writer, tag: UInt64(10 + number))
                case .starved:
                    let isRemembered = group.rearmWhenRefilled(UInt64(number))
                    #expect(isRemembered)
                default: Issue.record("unexpected \(completion)")
                }
            }
            for number in group.refill().rearm { arm(queue, group, streams[Int(number)].source.reader, Int(number)) }
        }
        for thread in threads { thread.join() }
        #expect(group.lent == 0 && group.books().balanced)
        try group.close()
    }

    private func arm(_ queue: borrowing UringQueue, _ group: borrowing BufferGroup, _ source: Int32, _ number: Int) {
        queue.receive(from: source, into: group, options: [.bundle, .pollFirst], tag: UInt64(number))
    }
}
