// The sweep over all lives, in a child process where nothing else opens or maps anything.

import CBareRing
import Glibc
import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct FaultSweepTests {
    @Test func everyCallOfEveryLifeMayFail() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            test_use_one_arena()
            var sweep = FaultSweep()
            for life in Life.all { sweep.sweep(life) }
            for objection in sweep.objections.prefix(40) { Issue.record("\(objection)") }
            let missed = SystemCall.all.filter { !sweep.reached.contains($0) }
            #expect(missed == [], "no life makes these calls")
            print(
                "calls tried \(sweep.tried), failures injected \(sweep.injected), typed errors \(sweep.errors),"
                    + " bytes abandoned as told \(sweep.abandoned), leaks \(sweep.objections.count)")
            fflush(nil)
        }
        print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self).split(separator: "\n").last ?? "")
    }
}
