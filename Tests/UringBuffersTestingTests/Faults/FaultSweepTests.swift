// The sweep over all lives, in a child process where nothing else opens or maps anything.

import CBareRing
import Glibc
import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct FaultSweepTests {
    @Test func everyCallOfEveryLifeMayFail() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]) {
            test_use_one_arena()
            var sweep = FaultSweep()
            for life in Life.all {
                // On standard error, so that a life that traps or hangs is known.
                note(life.name)
                sweep.sweep(life)
            }
            for objection in sweep.objections.prefix(40) { Issue.record("\(objection)") }
            let missed = SystemCall.all.filter { !sweep.reached.contains($0) }
            #expect(missed == [], "no life makes these calls")
            print(
                "calls tried \(sweep.tried), failures injected \(sweep.injected), typed errors \(sweep.errors),"
                    + " bytes abandoned as told \(sweep.abandoned), leaks \(sweep.objections.count)")
            fflush(nil)
        }
        print(String(decoding: result?.standardErrorContent ?? [], as: UTF8.self))
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        for line in output.split(separator: "\n") where line.hasPrefix("calls tried") { print(line) }
    }
}

func note(_ text: String) {
    // Safe: writes the string's bytes.
    _ = unsafe (text + "\n").withCString { unsafe write(STDERR_FILENO, $0, strlen($0)) }
}
