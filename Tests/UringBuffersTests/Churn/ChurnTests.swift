// The churn: very many receives through every mode, cancelled and dropped at random; nothing may be lost.

import Glibc
import KernelSupport
import TestSupport
import Testing
import UringBuffers

/// How many receives all modes together play: a share of the full million, unless the environment says.
private let receives: (count: Int, isAsked: Bool) = {
    // Safe: copied at once, and nobody changes the environment of a test process.
    guard let text = unsafe getenv("URING_BUFFERS_CHURN") else { return (100_000, false) }
    guard let count = Int(unsafe String(cString: text)), count > 0 else {
        fatalError("URING_BUFFERS_CHURN is not a number of receives")
    }
    return (count, true)
}()

@Suite struct ChurnTests {
    @Test(arguments: ChurnMode.all)
    func nothingIsLost(_ mode: ChurnMode) throws {
        let wanted = receives.count / ChurnMode.all.count + 1
        let phases = max(8, wanted / 40_000 * 8)
        let returner = Returner()
        defer { returner.finish() }
        var sum = ChurnTally()
        try withSeed { random in
            for number in 0..<phases {
                let shape = ChurnShape(mode, number: number, &random)
                let phase = try ChurnPhase(shape, returner, seed: random.next())
                let wrong = try phase.run(receives: wanted / phases + 1)
                sum += phase.tally
                guard wrong.isEmpty else {
                    Issue.record("phase \(number) (\(shape)): \(wrong.prefix(5))")
                    return
                }
                if receives.isAsked { say("churn \(mode.name): \(sum.receives) of \(wanted)") }
            }
        }
        let line =
            "churn \(mode.name): \(sum.receives) receives, \(sum.cancelled) cancelled "
            + "(\(sum.cancelledWithoutBytes) before their bytes), \(sum.dropped) dropped, \(sum.missing) missing; "
            + "\(sum.starved) starved, \(sum.ends) ends, \(sum.elsewhere) ended elsewhere, \(sum.shared) shared, "
            + "\(sum.sends) sent (\(sum.cancelledSends) cancelled)"
        say(line)
        #expect(sum.receives >= wanted, "too few receives")
        // Shares of what was asked for: a tenth each.
        #expect(sum.cancelled * 12 >= sum.receives && sum.cancelledWithoutBytes > 0, "\(line)")
        #expect(sum.dropped * 12 >= sum.receives, "\(line)")
        #expect(sum.starved > 0 && sum.ends > 0 && sum.elsewhere > 0 && sum.shared > 0, "\(line)")
        #expect(sum.sends > 0 && sum.cancelledSends > 0 && sum.missing == 0, "\(line)")
    }

    /// One write, so that lines of tests that run beside each other stay whole.
    private func say(_ line: String) {
        _ = unsafe (line + "\n").utf8CString.withUnsafeBytes {
            unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count - 1)
        }
    }
}
