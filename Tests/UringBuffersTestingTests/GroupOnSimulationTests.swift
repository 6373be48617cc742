// A buffer group cannot tell the simulated kernel from a real one, whatever the schedule does.

import Glibc
import TestSupport
import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct GroupOnSimulationTests {
    @Test(arguments: Mode.legible)
    func everyByteArrivesAndTheBooksBalance(mode: Mode) throws {
        var received = 0
        var (starvations, needless, withoutBytes, lastSuccesses) = (0, 0, 0, 0)
        var rounds = 0
        try withSeed(rounds: 60) { random in
            let traffic = try Traffic(
                schedule: Schedule(seed: random.next()), consumption: mode.consumption, bundles: mode.bundles,
                random: &random)
            for step in 0..<400 {
                traffic.step(&random)
                let books = traffic.group.books()
                try #require(books.balanced, "step \(step): \(books.violations)")
                try #require(traffic.kernel.mistakes(in: 3) == [], "step \(step)")
            }
            try #require(traffic.finish(), "a stream did not come to its end")
            #expect(traffic.wrongBytes == 0)
            #expect(traffic.group.books().states.lent == 0)
            try traffic.group.close()
            received += traffic.received
            starvations += traffic.starvations
            needless += traffic.needlessStarvations
            withoutBytes += traffic.buffersWithoutBytes
            lastSuccesses += traffic.lastSuccesses
            rounds += 1
        }
        guard rounds > 1 else { return }
        #expect(received > 100_000, "little was received: the test shows nothing")
        #expect(starvations > 0 && needless > 0 && lastSuccesses > 0, "the schedules did no mischief")
        if mode.consumption == .whole && !mode.bundles { #expect(withoutBytes > 0, "no buffer came without bytes") }
    }

    @Test func closingWaitsForCompletions() throws {
        let kernel = SimulatedKernel()
        let group = try kernel.makeGroup(id: 9, capacity: 4, bufferSize: 16)
        let stream = kernel.makeStream(.unixStream)
        kernel.receive(from: stream, into: 9, tag: 1)
        stream.send([1, 2, 3])
        kernel.run()
        do throws(UringError) {
            try group.close()
            Issue.record("closed although a completion was not taken")
        } catch { #expect(error.cause == .unreaped(1)) }
        let completion = try #require(kernel.nextCompletion())
        switch group.take(result: completion.result, flags: completion.flags) {
        case .buffer(let buffer): #expect(buffer.count == 3)
        default: Issue.record("no buffer")
        }
        try group.close()
        #expect(throws: UringError(.readBufferRingHead, errno: ENOENT)) { try kernel.head(of: 9) }
    }

    @Test func idsAreFreeOnceAndAgain() throws {
        let kernel = SimulatedKernel()
        do {
            let group = try kernel.makeGroup(id: 1, capacity: 2, bufferSize: 16)
            #expect(throws: UringError(.registerBufferRing, errno: EEXIST)) {
                _ = try kernel.makeGroup(id: 1, capacity: 2, bufferSize: 16)
            }
            #expect(group.available == 2)
        }
        let again = try kernel.makeGroup(id: 1, capacity: 2, bufferSize: 16)
        #expect(again.available == 2 && kernel.mistakes(in: 1) == [])
    }
}
