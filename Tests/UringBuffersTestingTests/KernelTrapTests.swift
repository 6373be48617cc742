// Surprises of Linux 6.18 that the comparison found, each shown on both kernels.

import Glibc
import TestSupport
import Testing
import UringBuffers
import UringBuffersTesting

@Suite(.enabled(if: kernelIsTheSimulatedOne, "needs Linux 6.18 with min_left: each of these is one kernel's behaviour"))
struct KernelTrapTests {
    /// Both kernels with one ring of 64-byte buffers, labelled 0, 1, 2, … in publish order.
    private final class Pair {
        let real: RealSide
        let simulated: SimulatedSide

        init(_ mode: Mode, _ kinds: SimulatedStream.Kind..., buffers: Int, completionEntries: Int = 64) throws {
            real = try RealSide(
                mode: mode, kinds: kinds, memory: PlayedRing(entries: 8, bufferSize: 64),
                completionEntries: completionEntries)
            simulated = try SimulatedSide(
                mode: mode, kinds: kinds, memory: PlayedRing(entries: 8, bufferSize: 64),
                completionEntries: completionEntries)
            let entries = (0..<UInt16(buffers)).map { (bid: $0, length: 64) }
            for memory in [real.memory, simulated.memory] { memory.publish(entries) }
        }

        func arm(_ stream: Int, _ options: SimulatedReceiveOptions, limit: Int = 0, tag: UInt64) {
            real.arm(stream, options, limit: limit, budget: 0, tag: tag)
            simulated.kernel.receive(
                from: simulated.streams[stream], into: 0, options: options, limit: limit, tag: tag)
        }

        func send(_ stream: Int, _ bytes: [UInt8]) {
            simulated.streams[stream].send(bytes)
            real.streams[stream].send(bytes, unread: simulated.streams[stream].unread)
        }

        func close(_ stream: Int) {
            simulated.close(stream)
            real.streams[stream].close(unread: simulated.streams[stream].unread)
        }

        func cancel(_ target: UInt64, tag: UInt64) {
            real.cancel(target, tag: tag)
            simulated.kernel.cancel(target, tag: tag)
        }

        /// What the real kernel posted, checked against the simulation.
        func completions() throws -> [SimulatedCompletion] {
            let found = try real.completions()
            #expect(found == simulated.completions())
            #expect(real.memory.isLike(simulated.memory))
            return found
        }

        /// The first byte of a buffer.
        func firstByte(_ bid: Int) -> UInt8 { real.memory.byte(at: bid * 64) }
    }

    private let whole = Mode(consumption: .whole, bundles: false)

    /// A bundle whose first pass ends in a buffer that `min_left` then retires goes on in the next one, and its
    /// completion does not say so. Groups cannot support bundles together with a minimum.
    @Test func aBundleSkipsTheEndOfABuffer() throws {
        let pair = try Pair(
            Mode(consumption: .incremental(minimumLeft: 24), bundles: true), .unixStream, .unixStream, buffers: 3)
        pair.arm(0, [], tag: 1)
        pair.send(0, [UInt8](repeating: 1, count: 19))
        #expect(try pair.completions().map(\.result) == [19])
        // Finds a buffer with 45 bytes left and nothing to receive: remembers the 45.
        pair.arm(1, [.multishot, .bundle], tag: 2)
        pair.arm(0, [], tag: 3)
        pair.send(0, [UInt8](repeating: 1, count: 45))
        #expect(try pair.completions().map(\.result) == [45])
        pair.send(1, [UInt8](repeating: 2, count: 45) + [UInt8](repeating: 3, count: 55))
        let completion = try #require(try pair.completions().first)
        #expect(completion.result == 100 && completion.flags.bufferID == BufferID(1))
        // 45 bytes in buffer 1, whose last 19 stay empty, and the other 55 in buffer 2: not 64 and 36.
        #expect(pair.firstByte(1) == 2 && pair.firstByte(2) == 3)
    }

    /// A multishot receive with poll first, armed when bytes *and* end are there, never learns of the end.
    @Test func theEndOfAStreamGetsLost() throws {
        let pair = try Pair(whole, .unixStream, buffers: 4)
        pair.send(0, [1, 2, 3])
        pair.close(0)
        pair.arm(0, [.multishot, .pollFirst], tag: 1)
        let found = try pair.completions()
        #expect(found.map(\.result) == [3] && found[0].flags.contains(.more))
        // A new request is told at once.
        pair.cancel(1, tag: 2)
        #expect(try pair.completions().map(\.result) == [0, -ECANCELED])
        pair.arm(0, [.multishot, .pollFirst], tag: 3)
        #expect(try pair.completions().map(\.result) == [0])
    }

    /// The limit of a one-shot bundle holds for the first of its two passes only, on incremental rings.
    @Test func theLimitOfABundleIsNotItsLimit() throws {
        let pair = try Pair(Mode(consumption: .incremental(), bundles: true), .unixStream, buffers: 8)
        pair.send(0, [UInt8](repeating: 1, count: 400))
        pair.arm(0, .bundle, limit: 100, tag: 1)
        #expect(try pair.completions().map(\.result) == [400])
    }

    /// A cancellation misses a one-shot request that found its stream readable while it was armed.
    @Test func aCancellationMisses() throws {
        let pair = try Pair(whole, .unixStream, buffers: 4)
        pair.send(0, [1])
        pair.arm(0, .pollFirst, tag: 1)
        pair.cancel(1, tag: 2)
        #expect(try pair.completions().map(\.result) == [-ENOENT, 1])
    }

    /// A full queue of completions ends a multishot request with the completion that did not fit; nothing is lost.
    @Test(arguments: [SimulatedStream.Kind.unixStream, .tcp, .pipe])
    func aFullQueueEndsMultishot(kind: SimulatedStream.Kind) throws {
        let pair = try Pair(whole, kind, buffers: 8, completionEntries: 4)
        pair.arm(0, .multishot, tag: 1)
        #expect(try pair.completions().isEmpty)
        pair.send(0, [UInt8](repeating: 1, count: 8 * 64))
        let found = try pair.completions()
        #expect(found.map(\.result) == [64, 64, 64, 64, 64])
        #expect(found.map { $0.flags.contains(.more) } == [true, true, true, true, false])
    }

    /// A bundle that saw the last buffer while it was armed ends with its next completion, although buffers were
    /// published in between.
    @Test func aBundleRemembersAnEmptyRing() throws {
        let pair = try Pair(Mode(consumption: .whole, bundles: true), .unixStream, buffers: 1)
        pair.arm(0, [.multishot, .bundle], tag: 1)
        #expect(try pair.completions().isEmpty)
        for memory in [pair.real.memory, pair.simulated.memory] { memory.publish([(1, 64), (2, 64)]) }
        pair.send(0, [1, 2, 3])
        let completion = try #require(try pair.completions().first)
        #expect(completion.result == 3 && !completion.flags.contains(.more))
    }
}
