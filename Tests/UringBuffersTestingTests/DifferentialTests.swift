// The simulated and the real kernel, step by step: the same completions, heads, entries and bytes.

import Glibc
import TestSupport
import Testing
import UringBuffers
import UringBuffersTesting

/// How many steps each mode takes; the environment asks for more.
private let stepsPerMode: Int = {
    // Safe: copied at once, and nobody changes the environment of a test process.
    guard let text = unsafe getenv("URING_BUFFERS_STEPS") else { return 25_000 }
    guard let steps = Int(unsafe String(cString: text)), steps > 0 else {
        fatalError("URING_BUFFERS_STEPS must be a positive number")
    }
    return steps
}()

@Suite struct DifferentialTests {
    /// Sockets, datagrams and pipes share one ring; one request at a time on each of them, because Linux wakes several
    /// in an order of its own.
    ///
    /// What is compared: every completion in order (tag, result, all flags), the kernel's head, every entry of the ring
    /// as the kernel left it, and every byte of the buffers.
    @Test(
        .enabled(
            if: kernelIsTheSimulatedOne,
            "needs Linux 6.18 with min_left: what a kernel leaves open differs between versions"),
        arguments: Mode.all)
    func sameScriptSameCompletions(mode: Mode) throws {
        let stepsPerEpisode = 250
        var tally = Tally()
        var episodes = 0
        try withSeed(rounds: max(1, stepsPerMode / stepsPerEpisode)) { generator in
            let episode = try Episode(mode: mode, generator: generator)
            if let difference = try episode.run(steps: stepsPerEpisode) {
                Issue.record("\(mode.testDescription): \(difference)")
                throw Parted()
            }
            tally += episode.tally
            episodes += 1
        }
        guard episodes >= 100 else { return }
        for (outcome, count) in tally.outcomes(of: mode) {
            #expect(count > 0, "\(mode.testDescription): the scripts never met: \(outcome)")
        }
    }

    private struct Parted: Error {}
}
