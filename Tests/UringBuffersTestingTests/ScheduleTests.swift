// Schedules: replayable, legal, and as wild as they say.

import Glibc
import TestSupport
import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct ScheduleTests {
    /// All completions of a fixed program under a schedule.
    private func play(_ schedule: Schedule) throws -> [SimulatedCompletion] {
        let kernel = SimulatedKernel(schedule: schedule)
        // A buffer for each byte, if need be.
        let memory = try PlayedRing(entries: 4096, bufferSize: 64)
        unsafe try kernel.register(memory.base, entries: 4096, id: 0)
        memory.publish((0..<4096).map { (bid: $0, length: 64) })
        let streams = [SimulatedStream.Kind.unixStream, .tcp, .datagrams, .pipe].map { kernel.makeStream($0) }
        for (tag, stream) in streams.enumerated() {
            kernel.receive(from: stream, into: 0, options: .multishot, tag: UInt64(tag))
        }
        for round in 1...5 {
            for stream in streams { stream.send(Array(repeating: UInt8(round), count: 40 * round)) }
            kernel.run()
        }
        kernel.settle()
        return Array(sequence(state: kernel) { $0.nextCompletion() })
    }

    @Test func aSeedReplays() throws {
        try withSeed(rounds: 50) { random in
            let seed = random.next()
            let (first, second) = (try play(Schedule(seed: seed)), try play(Schedule(seed: seed)))
            #expect(first == second)
        }
        let played = try Set((0..<20).map { try play(Schedule(seed: $0)) })
        #expect(played.count > 15, "seeds change nothing")
    }

    @Test func bytesDecideLikeSeedsAndThenNothing() throws {
        let exact = try play(.exact)
        let nothing = try play(Schedule(bytes: []))
        #expect(nothing == exact)
        let bytes = [UInt8](repeating: 7, count: 200)
        let (wild, again) = (try play(Schedule(bytes: bytes)), try play(Schedule(bytes: bytes)))
        #expect(wild == again && wild != exact)
        let tame = try play(Schedule(bytes: bytes, mischief: []))
        #expect(tame == exact)
    }

    /// Completions of one request never overtake each other, and bytes of a stream come in order and whole.
    @Test func requestsKeepTheirOrder() throws {
        let expected = Dictionary(grouping: try play(.exact), by: \.tag).mapValues { $0.reduce(0) { $0 + $1.result } }
        try withSeed(rounds: 100) { random in
            let harmless: Schedule.Mischief = [.fragmentation, .runOrder, .completionOrder]
            let found = try play(Schedule(seed: random.next(), mischief: harmless))
            for (tag, bytes) in expected {
                let own = found.filter { $0.tag == tag }
                #expect(own.dropLast().allSatisfy { $0.flags.contains(.more) })
                #expect(own.reduce(0) { $0 + $1.result } == bytes)
            }
        }
    }

    @Test func aProducersMistakesAreNamed() throws {
        let kernel = SimulatedKernel()
        let memory = try PlayedRing(entries: 4, bufferSize: 64)
        unsafe try kernel.register(memory.base, entries: 4, id: 0)
        #expect(kernel.mistakes(in: 0) == [])
        memory.publish([(1, 64), (2, 0), (1, 64)])
        #expect(kernel.mistakes(in: 0).count == 2)
        memory.publish([(3, 64), (0, 64)])
        #expect(kernel.mistakes(in: 0) == ["5 entries are published in a ring of 4"])
        #expect(kernel.mistakes(in: 5) == ["no ring is registered as group 5"])
    }
}
