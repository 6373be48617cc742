// Bytes as a program on a buffer group and as the kernel's schedule; the books and every byte are checked at each step.

import UringBuffers
import UringBuffersTesting

/// Three bytes of shape, then three for each step: what, how much, and one decision of the kernel.
final class GroupRun {
    private let kernel: SimulatedKernel
    private let group: BufferGroup
    private let bundles: Bool
    private let isIncremental: Bool
    private var lines: [Line]
    private var held: BufferBundle?
    private var shared: [SharedBuffer] = []
    private var tokens: [BufferToken] = []

    private struct Line {
        let stream: SimulatedStream
        let number: Int
        var sent = 0
        var received = 0
        var isArmed = false
        var isClosed = false
        var hasEnded = false

        /// The byte at a position of this stream, so that each byte can be checked wherever it turns up.
        func byte(at position: Int) -> UInt8 {
            UInt8(truncatingIfNeeded: position &* 31 &+ position >> 8 &+ number &* 7)
        }
    }

    /// Runs one input. Traps, with a sentence, when a rule is broken.
    static func run(_ bytes: [UInt8]) {
        guard bytes.count >= 6 else { return }
        let steps = stride(from: 3, to: bytes.count - 2, by: 3)
        let run = GroupRun(shape: bytes.prefix(3), schedule: Schedule(bytes: steps.map { bytes[$0 + 2] }))
        for step in steps {
            run.step(bytes[step], Int(bytes[step + 1]))
            run.check()
        }
        run.finish()
    }

    private init(shape: ArraySlice<UInt8>, schedule: Schedule) {
        let (size, mode, kinds) = (Int(shape[0]), Int(shape[1]), Int(shape[2]))
        kernel = SimulatedKernel(schedule: schedule)
        let consumption: [Consumption] = [.whole, .incremental(), .incremental(minimumLeft: 4)]
        let chosen = consumption[mode % 3]
        isIncremental = chosen.isIncremental
        // A bundle over buffers that end early does not say where its bytes are.
        bundles = mode & 64 != 0 && chosen.minimumLeft == 0
        group = try! kernel.makeGroup(
            id: 0, capacity: 1 << (size % 6), bufferSize: 5 + size / 6, consumption: chosen,
            refill: mode & 128 != 0 ? .everything : .adaptive)
        let all: [SimulatedStream.Kind] = [.unixStream, .tcp, .pipe]
        lines = []
        for number in 0..<3 {
            let kind = all[(kinds >> (2 * number) & 3) % 3]
            lines.append(Line(stream: kernel.makeStream(kind), number: number))
        }
    }

    private func step(_ what: UInt8, _ amount: Int) {
        let line = amount % 3
        switch what % 12 {
        case 0, 1: send(line, amount)
        case 2: arm(line, multishot: amount & 128 == 0, pollFirst: false)
        case 3: arm(line, multishot: amount & 128 == 0, pollFirst: amount & 64 != 0)
        case 4: kernel.run()
        case 5: take(amount % 16, keep: 0)
        case 6: take(amount % 16, keep: 1 + amount / 16 % 3)
        case 7: held = nil
        case 8: end(amount)
        case 9: group.refill()
        case 10: if lines[line].isArmed { kernel.cancel(UInt64(line)) }
        default: if amount > 200 { close(line) } else { kernel.run() }
        }
    }

    private func send(_ line: Int, _ count: Int) {
        guard !lines[line].isClosed else { return }
        let start = lines[line].sent
        lines[line].stream.send((start..<(start + count)).map { lines[line].byte(at: $0) })
        lines[line].sent += count
    }

    private func arm(_ line: Int, multishot: Bool, pollFirst: Bool) {
        guard !lines[line].isArmed, !lines[line].hasEnded else { return }
        lines[line].isArmed = true
        var options: SimulatedReceiveOptions = multishot ? .multishot : []
        if lines[line].stream.kind != .pipe {
            if bundles { options.insert(.bundle) }
            if pollFirst { options.insert(.pollFirst) }
        }
        kernel.receive(from: lines[line].stream, into: group.id, options: options, tag: UInt64(line))
    }

    private func close(_ line: Int) {
        lines[line].isClosed = true
        lines[line].stream.close()
    }

    private func end(_ which: Int) {
        if !shared.isEmpty { shared.remove(at: which % shared.count) }
        if !tokens.isEmpty { tokens.remove(at: which % tokens.count).reclaim().recycle() }
    }

    private func take(_ most: Int, keep: Int) {
        for _ in 0..<most {
            guard let completion = kernel.nextCompletion() else { return }
            let line = Int(completion.tag)
            if !completion.flags.contains(.more) { lines[line].isArmed = false }
            switch group.take(result: completion.result, flags: completion.flags) {
            case .buffer(let buffer): receive(buffer, line, keep)
            case .bundle(var bundle): while let buffer = bundle.next() { receive(buffer, line, keep) }
            case .endOfStream:
                lines[line].hasEnded = true
                require(lines[line].received == lines[line].sent, "the end came before the last byte")
            case .unbuffered(let count): require(false, "\(count) bytes without a buffer")
            default: break
            }
        }
    }

    private func receive(_ buffer: consuming ProvidedBuffer, _ line: Int, _ keep: Int) {
        let start = lines[line].received
        // Safe: the pointer is used while the handle lives.
        let good = unsafe buffer.withUnsafeBytes { bytes in
            unsafe bytes.enumerated().allSatisfy { $0.element == lines[line].byte(at: start + $0.offset) }
        }
        require(good, "stream \(line) has other bytes at \(start)")
        lines[line].received += buffer.count
        switch keep {
        case 1: if held == nil { held = BufferBundle(buffer) } else { held!.append(buffer) }
        case 2: shared.append(buffer.share())
        // Whole buffers only: the token of a segment breaks the books (see SegmentTokenTests).
        case 3 where !isIncremental: tokens.append(buffer.intoToken())
        default: buffer.recycle()
        }
    }

    private func check() {
        let books = group.books()
        require(books.balanced, "\(books.violations)")
        let mistakes = kernel.mistakes(in: group.id)
        require(mistakes.isEmpty, "\(mistakes)")
    }

    /// Everything comes home, every stream to its end, and the group closes.
    private func finish() {
        for line in 0..<3 where !lines[line].isClosed { close(line) }
        for _ in 0..<10_000 where !lines.allSatisfy(\.hasEnded) {
            endEverything()
            for line in 0..<3 { arm(line, multishot: true, pollFirst: false) }
            kernel.settle()
            take(Int.max, keep: 0)
            check()
            // Linux can lose the end of a stream; a new request meets it.
            for line in 0..<3 where lines[line].isArmed && lines[line].stream.unread == 0 {
                kernel.cancel(UInt64(line))
            }
        }
        require(lines.allSatisfy(\.hasEnded), "a stream did not come to its end")
        endEverything()
        kernel.settle()
        take(Int.max, keep: 0)
        require(group.books().states.lent == 0, "\(group.books().states.lent) buffers are missing")
        do throws(UringError) { try group.close() } catch { require(false, "\(error)") }
        require(BufferGroup.abandonedBytes == 0, "\(BufferGroup.abandonedBytes) bytes were abandoned")
    }

    private func endEverything() {
        held = nil
        shared = []
        while let token = tokens.popLast() { token.reclaim().recycle() }
        group.refill()
    }

    private func require(_ holds: Bool, _ text: @autoclosure () -> String) {
        if !holds { fatalError("FINDING: \(text())") }
    }
}
