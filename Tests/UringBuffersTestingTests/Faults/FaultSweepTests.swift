// The sweep over all lives, in a child process where nothing else opens or maps anything.

import CBareRing
import Foundation
import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct FaultSweepTests {
    @Test func everyCallOfEveryLifeMayFail() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
            test_use_one_arena()
            // A life that never ends is a failure. In seconds of processor time, whatever else runs; the sweep takes 2.
            test_watch_over(120)
            var sweep = FaultSweep()
            for life in Life.all { sweep.sweep(life) }
            for objection in sweep.objections.prefix(40) { Issue.record("\(objection)") }
            let missed = SystemCall.all.filter { !sweep.reached.contains($0) }
            #expect(missed == [], "no life makes these calls")
            print(
                "calls tried \(sweep.tried), failures injected \(sweep.injected), typed errors \(sweep.errors),"
                    + " bytes abandoned as told \(sweep.abandoned), leaks \(sweep.leaks)")
            fflush(nil)
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        for line in output.split(separator: "\n") where line.hasPrefix("calls tried") { print(line) }
    }

    @Test func designTellsWhatEachCallComesTo() throws {
        let root = (0..<4).reduce(URL(filePath: #filePath)) { folder, _ in folder.deletingLastPathComponent() }
        let text = try String(contentsOf: root.appending(path: "DESIGN.md"), encoding: .utf8)
        let lines = Set(text.split(separator: "\n").map(String.init))
        for expectation in Expectation.all {
            let isThere = lines.contains(expectation.row)
            #expect(isThere, "DESIGN.md lacks the line \(expectation.row)")
        }
        #expect(Set(Expectation.all.map(\.call)) == Set(SystemCall.all))
    }
}
