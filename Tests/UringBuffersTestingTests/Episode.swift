// One random script on both kernels in lock step.

import KernelSupport
import TestSupport
import UringBuffers
import UringBuffersTesting

/// A few hundred steps on a fresh ring: its size, its streams and how often each kind of step comes follow from the seed.
final class Episode {
    private let mode: Mode
    private let real: RealSide
    private let simulated: SimulatedSide
    private var generator: TestSupport.SplitMix64
    private var bytes: ByteStream
    private var script: [Step] = []
    private(set) var tally = Tally()
    /// The tag of the request that is armed on each stream.
    private var armed: [UInt64?]
    private var nextTag: UInt64 = 1
    /// Labels of published entries in publish order, and those that are not published.
    private var published: [UInt16] = []
    private var free: [UInt16]
    private var head: UInt16 = 0
    private var isRegistered = true
    /// Many tiny buffers, so that one transfer meets every limit of a bundle.
    private let isLarge: Bool
    private let weights: [Int]
    private static let bufferSize = 64

    init(mode: Mode, generator: TestSupport.SplitMix64) throws {
        var generator = generator
        self.mode = mode
        isLarge = generator.oneIn(16)
        let entries = isLarge ? 1024 : 1 << generator.below(6)
        let kinds = (0...generator.below(5)).map { _ in SimulatedStream.Kind.allCases[generator.below(4)] }
        real = try RealSide(
            mode: mode, kinds: kinds, memory: PlayedRing(entries: entries, bufferSize: Episode.bufferSize))
        simulated = try SimulatedSide(
            mode: mode, kinds: kinds, memory: PlayedRing(entries: entries, bufferSize: Episode.bufferSize))
        armed = kinds.map { _ in nil }
        free = (0..<UInt16(entries)).map { $0 }
        bytes = ByteStream(seed: generator.next())
        // arm, send, close, cancel, publish, enter, register: some episodes lack a kind of step almost entirely.
        weights = [30, 30, 3, 4, 20, 30, 1].map { $0 * [1, 8, 16][generator.below(3)] }
        self.generator = generator
    }

    /// Runs `steps` steps; returns what differed first.
    func run(steps: Int) throws -> Difference? {
        for _ in 0..<steps {
            let step = nextStep()
            script.append(step)
            if let difference = try perform(step) { return difference }
        }
        return try perform(.enter)
    }

    // MARK: Choosing

    private func nextStep() -> Step {
        var ticket = generator.below(weights.reduce(0, +))
        let kind = weights.firstIndex { weight in
            ticket -= weight
            return ticket < 0
        }
        let stream = generator.below(armed.count)
        switch kind {
        case 0 where armed[stream] == nil: return arm(stream)
        case 1 where !simulated.isClosed[stream] && simulated.streams[stream].unread < (isLarge ? 12_000 : 4096):
            let most = isLarge ? 6000 : generator.oneIn(4) ? 1500 : 150
            return .send(stream: stream, count: 1 + generator.below(most))
        case 2 where simulated.isClosed[stream] && armed[stream] == nil: return .renew(stream: stream)
        case 2 where !simulated.isClosed[stream] && simulated.streams[stream].kind != .datagrams:
            let mayReset = simulated.streams[stream].kind == .tcp && generator.oneIn(3)
            return mayReset ? .reset(stream: stream) : .close(stream: stream)
        // Also those that are not armed.
        case 3: return .cancel(target: armed[stream] ?? UInt64(generator.below(Int(nextTag))), tag: newTag())
        case 4 where !free.isEmpty && isRegistered: return publish()
        case 6: return isRegistered ? .unregister : .register
        default: return .enter
        }
    }

    private func newTag() -> UInt64 {
        defer { nextTag += 1 }
        return nextTag
    }

    private func arm(_ stream: Int) -> Step {
        var options: SimulatedReceiveOptions = generator.oneIn(3) ? [] : .multishot
        var limit = generator.oneIn(4) ? 1 + generator.below(200) : 0
        var budget = 0
        if simulated.streams[stream].kind == .pipe {
            if options.contains(.multishot) { limit = 0 }
        } else {
            if mode.bundles && !generator.oneIn(8) { options.insert(.bundle) }
            if generator.oneIn(4) { options.insert(.pollFirst) }
            if options.contains(.multishot) && generator.oneIn(4) { budget = 1 + generator.below(400) }
        }
        return .arm(stream: stream, options: options, limit: limit, budget: budget, tag: newTag())
    }

    private func publish() -> Step {
        let count = 1 + generator.below(free.count)
        var buffers: [(bid: UInt16, length: Int)] = []
        for _ in 0..<count {
            let bid = free.remove(at: generator.below(free.count))
            let longest = isLarge ? 16 : Episode.bufferSize
            let length = generator.oneIn(4) ? 1 + generator.below(longest) : longest
            buffers.append((bid, length))
        }
        return .publish(buffers)
    }

    // MARK: Performing

    private func perform(_ step: Step) throws -> Difference? {
        switch step {
        case .arm(let stream, let options, let limit, let budget, let tag):
            armed[stream] = tag
            real.arm(stream, options, limit: limit, budget: budget, tag: tag)
            simulated.kernel.receive(
                from: simulated.streams[stream], into: 0, options: options, limit: limit, budget: budget, tag: tag)
        case .send(let stream, let count):
            let data = bytes.next(count)
            simulated.streams[stream].send(data)
            real.streams[stream].send(data, unread: simulated.streams[stream].unread)
        case .close(let stream):
            simulated.close(stream)
            real.streams[stream].close(unread: simulated.streams[stream].unread)
        case .reset(let stream):
            simulated.reset(stream)
            real.streams[stream].reset(unread: simulated.streams[stream].unread)
        case .unregister:
            try real.unregister()
            try simulated.kernel.unregister(0)
            isRegistered = false
        case .register:
            for memory in [real.memory, simulated.memory] { memory.reset() }
            try real.register()
            try simulated.register()
            isRegistered = true
            (head, published, free) = (0, [], (0..<UInt16(real.memory.entries)).map { $0 })
        case .renew(let stream):
            simulated.renew(stream)
            real.renew(stream)
        case .cancel(let target, let tag):
            simulated.kernel.cancel(target, tag: tag)
            real.cancel(target, tag: tag)
        case .publish(let buffers):
            published += buffers.map(\.bid)
            simulated.memory.publish(buffers)
            real.memory.publish(buffers)
        case .enter: return try compare()
        }
        return nil
    }

    private func compare() throws -> Difference? {
        let expected = try real.completions()
        let found = simulated.completions()
        let newHead = isRegistered ? real.head : head
        let simulatedHead = isRegistered ? try simulated.kernel.head(of: 0) : head
        guard expected == found, newHead == simulatedHead, real.memory.isLike(simulated.memory) else {
            return Difference(
                real: expected, simulated: found, realHead: newHead, simulatedHead: simulatedHead,
                script: Array(script.suffix(40)))
        }
        let consumed = Int(newHead &- head)
        free += published.prefix(consumed)
        published.removeFirst(consumed)
        head = newHead
        for completion in expected { tally.count(completion, bufferSize: Episode.bufferSize) }
        for completion in expected where !completion.flags.contains(.more) {
            if let stream = armed.firstIndex(of: completion.tag) { armed[stream] = nil }
        }
        return nil
    }
}

/// Where the two kernels parted, with the last steps before.
struct Difference: CustomStringConvertible {
    let real: [SimulatedCompletion]
    let simulated: [SimulatedCompletion]
    let realHead: UInt16
    let simulatedHead: UInt16
    let script: [Step]

    var description: String {
        let same = zip(real, simulated).prefix { $0 == $1 }.count
        func show(_ completions: [SimulatedCompletion]) -> String {
            completions.dropFirst(max(0, same - 2)).prefix(5).map {
                "\($0.tag): \($0.result), flags 0x\(String($0.flags.rawValue, radix: 16))"
            }.joined(separator: "; ")
        }
        let steps = script.map { "  \($0)" }.joined(separator: "\n")
        return """
            first \(same) completions agree, then
            real:      \(show(real)) (of \(real.count)), head \(realHead)
            simulated: \(show(simulated)) (of \(simulated.count)), head \(simulatedHead)
            the last steps:
            \(steps)
            """
    }
}
