// As a user without privileges, whose locked memory is limited: it works, or says exactly which limit to raise.

import Foundation
import Synchronization
import Testing

extension ToolTests {
    @Suite(
        .enabled(
            if: Skip.unless(
                geteuid() == 0, "the tool without privileges", "changing the user needs root: run the tests as root")))
    struct UnprivilegedTests {
        /// Users that own nothing and no other process, one for each start: the kernel counts locked memory by user, and
        /// gives that of an ended process back a while later.
        private static let users = Atomic<Int>(61_000)

        private func wrapper(lockedKiB: Int) -> [String] {
            let user = Self.users.add(1, ordering: .relaxed).newValue
            return [
                "/bin/sh", "-c", "ulimit -l \(lockedKiB) && exec setpriv --reuid \(user) --clear-groups \"$@\"", "sh",
            ]
        }

        /// The tool where that user may run it: the build's directory may be private.
        /// Removed when the tests end.
        private static let reachable: String = {
            let copy = "/tmp/uring-buffers-unprivileged-\(getpid())"
            try? FileManager.default.removeItem(atPath: copy)
            try? FileManager.default.copyItem(atPath: ToolBinary.path, toPath: copy)
            try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: copy)
            atexit { try? FileManager.default.removeItem(atPath: "/tmp/uring-buffers-unprivileged-\(getpid())") }
            return copy
        }()

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
                        .echo, options: options, wrapper: wrapper(lockedKiB: limit), binary: Self.reachable)
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
