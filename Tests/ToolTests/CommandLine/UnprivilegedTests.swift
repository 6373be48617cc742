// As a user without privileges, whose locked memory is limited: it works, or says exactly which limit to raise.

import Testing

extension ToolTests {
    @Suite(.unprivileged("the tool without privileges"))
    struct UnprivilegedTests {
        @Test(
            arguments: [8192, 512, 128, 64, 32, 16],
            [
                [], ["--buffers", "32768"], ["--buffers", "1024", "--ring-memory", "kernel"], ["--buffers", "64"],
                // What the network reads is charged to the same limit.
                ["--buffers", "1024", "--send", "zerocopy"],
            ])
        func worksOrSaysWhichLimitToRaise(lockedKiB: Int, options: [String]) throws {
            var limit = lockedKiB
            // The first advice must do: it is followed once.
            for attempt in 0..<2 {
                do {
                    let tool = try RunningTool(
                        .echo, options: options, wrapper: Unprivileged.wrapper(lockedKiB: limit),
                        binary: Unprivileged.tool)
                    let result = try Crowd(address: tool.address, seed: 100, atOnce: 20)
                        .run((0..<20).map { _ in CrowdPlan(bytes: 200_000) })
                    #expect(result.completed == 20)
                    try tool.end()
                    return
                } catch let failure as StartFailure {
                    #expect(failure.exitCode == 1)
                    let lines = failure.errors.split(separator: "\n")
                    #expect(lines.count == 1, "\(failure.errors)")
                    let advice = failure.errors.firstMatch(of: /at least ([0-9]+) KiB/).flatMap { Int($0.1) }
                    guard attempt == 0, let advice else {
                        throw TestFailure(
                            "with \(limit) KiB it gives up, or does not say how much it needs: \(failure)")
                    }
                    #expect(advice > limit, "the advice is more than there is: \(failure.errors)")
                    limit = advice
                }
            }
        }
    }
}
