// top: on a real server, in a real terminal, and when there is nothing to read.

import Foundation
import Glibc
import Testing
import UringBuffersReports

extension ToolTests {
    @Suite struct TopTests {
        private func top(_ arguments: [String]) throws -> ChildProcess {
            let process = try ChildProcess(ToolBinary.path, ["top"] + arguments)
            try process.wait(seconds: 30)
            return process
        }

        @Test func onceShowsWhatIsThere() throws {
            let echo = try Observed(.echo, options: ["--plant", "leak"])
            let text = try top([echo.page, "--once", "--interval", "0.2"])
            #expect(try text.wait().exitCode == 0 && text.errorOutput.isEmpty)
            for part in [
                "the books balance ✓", "echo ", "4096", "planted leak holds 1", "planted leak has held buffer",
            ] {
                #expect(text.output.contains(part), "'\(part)' is missing: \(text.output)")
            }
            let json = try top([echo.page + "snapshot.json", "--once", "--json", "--interval", "0.2"])
            let table = try JSONDecoder().decode(GroupTable.self, from: Data(json.output.utf8))
            #expect(table.rows[0].name == "echo" && table.rows[0].oldest?.tag == "planted leak")
            #expect(try #require(table.seconds) > 0.1)
            _ = try echo.endUnbalanced()
        }

        @Test func aDoubleCountIsAnExitCode() throws {
            let echo = try Observed(.echo, options: ["--plant", "double-count"])
            try waitUntil("the audit finds it") { try echo.get("healthz").code == 503 }
            let process = try top([echo.page, "--once", "--interval", "0.1"])
            #expect(try process.wait().exitCode == 2 && process.output.contains("THE BOOKS DO NOT BALANCE ✗"))
            #expect(process.output.contains("✗ echo: "))
            _ = try echo.endUnbalanced()
        }

        @Test func whatCannotBeReadIsToldInOneLine() throws {
            let echo = try Observed(.echo)
            let cases = [
                ("127.0.0.1:1", Int32(1), "--observe"), (echo.page + "other.json", 1, "404"),
                (echo.page + "healthz.json", 1, "404"), ("ftp://x", 64, "HOST:PORT"), ("http://", 64, "HOST:PORT"),
            ]
            for (address, code, word) in cases {
                let process = try top([address, "--once"])
                let said = process.errorOutput
                #expect(try process.wait().exitCode == code && said.contains(word), "\(address): \(said)")
                #expect(said.split(separator: "\n").count == 1, "\(said)")
                #expect(process.output.isEmpty)
            }
            try echo.tool.end()
            for (body, word) in [("<p>hello", "no snapshot"), ("{}", "no snapshot"), (otherSchema, "another version")] {
                let server = try Upstream { socket in
                    _ = try socket.receive()
                    try socket.send(
                        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
                }
                defer { server.stop() }
                let process = try top(["\(server.address)", "--once"])
                #expect(
                    try process.wait().exitCode == 1 && process.errorOutput.contains(word), "\(process.errorOutput)")
            }
        }

        private let otherSchema = """
            {"schema":99,"wallNanoseconds":1,"monotonicNanoseconds":1,"processID":1,"groups":[],"regions":[],\
            "fixedTables":[]}
            """

        /// Until it is told to end, one table after another, for logs.
        @Test func withoutATerminalItGoesOn() throws {
            let echo = try Observed(.echo)
            let process = try ChildProcess(ToolBinary.path, ["top", echo.page, "--interval", "0.1"])
            try waitUntil("three tables") { process.output.components(separatedBy: "NAME ").count > 3 }
            #expect(!process.output.contains("\u{1b}"))
            process.send(signal: SIGTERM)
            #expect(try process.wait(seconds: 30).exitCode == 0)
            try echo.tool.end()
        }

        @Test(.needs(.tmux, for: "top in a terminal"))
        func keysSortAndTheTerminalComesBack() throws {
            let echo = try Observed(.echo)
            let terminal = try Tmux(columns: 100, lines: 20)
            defer { terminal.end() }
            try terminal.type("stty -a | md5sum > \(terminal.file("before"))")
            for end in ["q", "kill"] {
                try terminal.type(
                    "\(ToolBinary.path) top \(echo.page) --interval 0.2; stty -a | md5sum > "
                        + terminal.file(end))
                try waitUntil("the table is shown") { try terminal.screen().contains("sorted by name") }
                #expect(try terminal.screen().contains("echo  "))
                try terminal.keep(as: "top.txt")
                try terminal.press("s")
                try waitUntil("it is sorted anew") { try terminal.screen().contains("sorted by starvation") }
                if end == "q" {
                    try terminal.press("q")
                } else {
                    try terminal.run("pkill", "-TERM", "-f", "top \(echo.page)")
                }
                try waitUntil("the shell is back") { (try? terminal.read(end).isEmpty) == false }
                #expect(try terminal.read(end) == terminal.read("before"))
                #expect(try !terminal.screen().contains("sorted by"))
            }
            try echo.tool.end()
        }
    }
}
