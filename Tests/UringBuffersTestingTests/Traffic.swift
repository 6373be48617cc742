// Random traffic through a buffer group on the simulated kernel, with every byte checked.

import Glibc
import KernelSupport
import TestSupport
import UringBuffers
import UringBuffersTesting

/// A program as a user of the pool would write it: arms, takes, holds, ends, refills, cancels and arms again.
final class Traffic {
    let kernel: SimulatedKernel
    let group: BufferGroup
    private let bundles: Bool
    private var lines: [Line] = []
    private var held: BufferBundle?
    private(set) var received = 0
    private(set) var starvations = 0
    private(set) var needlessStarvations = 0
    private(set) var wrongBytes = 0
    private(set) var buffersWithoutBytes = 0
    private(set) var lastSuccesses = 0

    private struct Line {
        let stream: SimulatedStream
        var sent: ByteStream
        var received: ByteStream
        var isArmed = false
        var isClosed = false
        var hasEnded = false
    }

    init(schedule: Schedule, consumption: Consumption, bundles: Bool, random: inout TestSupport.SplitMix64) throws {
        kernel = SimulatedKernel(schedule: schedule)
        self.bundles = bundles
        group = try kernel.makeGroup(
            id: 3, capacity: 1 << random.below(7), bufferSize: 64, consumption: consumption,
            refill: random.oneIn(2) ? .adaptive : .everything)
        for _ in 0...random.below(4) {
            let kinds: [SimulatedStream.Kind] = [.unixStream, .tcp, .pipe]
            let seed = random.next()
            lines.append(
                Line(
                    stream: kernel.makeStream(kinds[random.below(3)]), sent: ByteStream(seed: seed),
                    received: ByteStream(seed: seed)))
        }
    }

    func step(_ random: inout TestSupport.SplitMix64) {
        let line = random.below(lines.count)
        switch random.below(12) {
        case 0..<4 where !lines[line].isClosed: lines[line].stream.send(lines[line].sent.next(1 + random.below(300)))
        case 4 where random.oneIn(20) && !lines[line].isClosed: close(line)
        case 5 where lines[line].isArmed && random.oneIn(4): kernel.cancel(UInt64(line))
        case 6: held = nil
        case 7: group.refill()
        case 8..<10: kernel.run()
        default: arm(line, multishot: !random.oneIn(3))
        }
        takeSome(random.below(4), keep: random.oneIn(3))
    }

    private func close(_ line: Int) {
        lines[line].isClosed = true
        lines[line].stream.close()
    }

    private func arm(_ line: Int, multishot: Bool) {
        guard !lines[line].isArmed, !lines[line].hasEnded else { return }
        lines[line].isArmed = true
        var options: SimulatedReceiveOptions = multishot ? .multishot : []
        if bundles && lines[line].stream.kind != .pipe { options.insert(.bundle) }
        kernel.receive(from: lines[line].stream, into: group.id, options: options, tag: UInt64(line))
    }

    private func takeSome(_ most: Int, keep: Bool) {
        for _ in 0..<most {
            guard let completion = kernel.nextCompletion() else { return }
            take(completion, keep: keep)
        }
    }

    private func take(_ completion: SimulatedCompletion, keep: Bool) {
        let line = Int(completion.tag)
        let flags = completion.flags
        if !flags.contains(.more) { lines[line].isArmed = false }
        if completion.result <= 0 && flags.contains(.buffer) && lines[line].stream.kind != .pipe {
            buffersWithoutBytes += 1
        }
        if completion.result > 0 && !flags.contains(.more) { lastSuccesses += 1 }
        received += max(0, Int(completion.result))
        let available = group.available
        switch group.take(result: completion.result, flags: flags) {
        case .buffer(let buffer):
            if !lines[line].received.matches(buffer) { wrongBytes += 1 }
            if keep { hold(BufferBundle(buffer)) }
        case .bundle(var bundle):
            while let buffer = bundle.next() {
                if !lines[line].received.matches(buffer) { wrongBytes += 1 }
                if keep { hold(BufferBundle(buffer)) }
            }
        case .endOfStream: lines[line].hasEnded = true
        case .starved:
            starvations += 1
            if available > 0 { needlessStarvations += 1 }
        default: break
        }
    }

    private func hold(_ bundle: consuming BufferBundle) {
        if held == nil { held = consume bundle } else { held!.append(bundle) }
    }

    /// Closes every stream and receives what is left; returns whether each one came to its end.
    func finish() -> Bool {
        for line in lines.indices where !lines[line].isClosed { close(line) }
        for _ in 0..<10_000 {
            held = nil
            group.refill()
            for line in lines.indices { arm(line, multishot: true) }
            kernel.settle()
            while let completion = kernel.nextCompletion() { take(completion, keep: false) }
            if lines.allSatisfy(\.hasEnded) { break }
            // Linux can lose the end of a stream (see SimulatedKernel): then only a new request meets it.
            for (tag, line) in lines.enumerated() where line.isArmed && line.stream.unread == 0 {
                kernel.cancel(UInt64(tag))
            }
        }
        held = nil
        group.refill()
        return lines.allSatisfy { $0.hasEnded && $0.sent.position == $0.received.position }
    }
}
