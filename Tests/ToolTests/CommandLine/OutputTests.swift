// The summary as text, the demo, and a reader of stdout that goes away.

import Glibc
import Testing

extension ToolTests {
    @Suite struct OutputTests {
        @Test func summaryIsTextUnlessAskedOtherwise() throws {
            let process = try ChildProcess(ToolBinary.path, ["echo", "--listen", "127.0.0.1:0"])
            try waitUntil("the echo listens") { process.output.contains("\n") }
            let address = try RunningTool.addresses(in: process.output)[0]
            _ = try Crowd(address: address, seed: 90, atOnce: 4).run((0..<8).map { _ in CrowdPlan(bytes: 10_000) })
            process.send(signal: SIGTERM)
            #expect(try process.wait(seconds: 30).exitCode == 0)
            let text = process.output
            for part in ["4096 buffers of 4 KiB", "8 connections", "= 4096", "books        balance, 0 buffers lost"] {
                #expect(text.contains(part), "the summary lacks '\(part)': \(text)")
            }
            #expect(process.errorOutput.isEmpty)
        }

        @Test func demoLosesNothing() throws {
            let process = try ChildProcess(ToolBinary.path, ["demo", "--seconds", "2", "--connections", "16"])
            let outcome = try process.wait(seconds: 60)
            let text = process.output
            #expect(outcome.exitCode == 0, "\(text) \(process.errorOutput)")
            #expect(text.contains("Buffers       0 lost"), "\(text)")
            #expect(text.contains("They balance"), "\(text)")
        }

        /// In a terminal it is drawn again and again in one place, and ends with what came out.
        @Test(.needs(.tmux, for: "the demo in a terminal"))
        func demoIsDrawnInPlace() throws {
            let terminal = try Tmux(columns: 120, lines: 40)
            defer { terminal.end() }
            try terminal.type("\(ToolBinary.path) demo --seconds 3 --connections 16")
            try waitUntil("the pool is drawn twice") { try terminal.screen().contains("  2/3 s ") }
            let lines = try terminal.screen().split(separator: "\n")
            for begin in ["  available ", "  lent ", "  cached ", "  the proxy's pool:"] {
                #expect(lines.count { $0.hasPrefix(begin) } == 1, "\(lines)")
            }
            try terminal.keep(as: "demo.txt")
            try waitUntil("it ends") { try terminal.screen().contains("They balance, and so do the echo server's.") }
            try terminal.keep(as: "demo-end.txt")
        }

        @Test func demoEndsEarlyWhenAsked() throws {
            let process = try ChildProcess(ToolBinary.path, ["demo", "--seconds", "600", "--connections", "200"])
            try waitUntil("the demo shows progress") { process.output.contains("verified") }
            process.send(signal: SIGINT)
            let outcome = try process.wait(seconds: 60)
            #expect(outcome.exitCode == 0, "\(process.output) \(process.errorOutput)")
            #expect(process.output.contains("Buffers       0 lost"), "\(process.output)")
        }

        /// `uring-buffers echo … | head -1`
        @Test func aClosedStdoutDoesNotStopTheServer() throws {
            var ends: [Int32] = [-1, -1]
            // Safe: pipe writes the two descriptors.
            try #require(unsafe pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            let process = try ChildProcess(ToolBinary.path, ["echo", "--listen", "127.0.0.1:0"], stdout: ends[1])
            _ = close(ends[1])
            let reader = TestSocket(adopting: ends[0], name: "reader of stdout")
            var said = ""
            while !said.contains("\n") {
                var room = [UInt8](repeating: 0, count: 256)
                let count = unsafe read(ends[0], &room, room.count)
                guard count > 0 else { throw TestFailure("stdout ended before the echo listened") }
                said += String(decoding: room[..<count], as: UTF8.self)
            }
            reader.close()
            let address = try RunningTool.addresses(in: said)[0]
            let result = try Crowd(address: address, seed: 91, atOnce: 4).run([CrowdPlan(bytes: 100_000)])
            #expect(result.completed == 1)
            process.send(signal: SIGTERM)
            #expect(try process.wait(seconds: 30).exitCode == 0)
        }
    }
}
