// What the tool says before, instead of and after serving.

import Glibc
import Testing

extension ToolTests {
    @Suite struct CommandLineTests {
        private func run(_ arguments: [String]) throws -> (code: Int32?, output: String, errors: String) {
            let process = try ChildProcess(ToolBinary.path, arguments)
            let outcome = try process.wait(seconds: 30)
            return (outcome.exitCode, process.output, process.errorOutput)
        }

        private func isOneLine(_ text: String) -> Bool {
            text.hasSuffix("\n") && text.dropLast().allSatisfy { $0 != "\n" } && text.count > 1
        }

        @Test(arguments: [
            ["echo"], ["proxy"], ["proxy", "--listen", "127.0.0.1:0"], ["nonsense"], ["--nonsense"],
            ["echo", "--listen", "127.0.0.1"], ["echo", "--listen", "127.0.0.1:70000"],
            ["echo", "--listen", "127.0.0.1:-1"], ["echo", "--listen", "::1:80"], ["echo", "--listen", "[::1]"],
            ["echo", "--listen", "127.0.0.1:http"], ["echo", "--listen", ""],
            ["echo", "--listen", "127.0.0.1:0", "--buffers", "3"],
            ["echo", "--listen", "127.0.0.1:0", "--buffers", "0"],
            ["echo", "--listen", "127.0.0.1:0", "--buffers", "65536"],
            ["echo", "--listen", "127.0.0.1:0", "--buffers", "many"],
            ["echo", "--listen", "127.0.0.1:0", "--buffer-size", "0"],
            ["echo", "--listen", "127.0.0.1:0", "--buffer-size", "-4096"],
            ["echo", "--listen", "127.0.0.1:0", "--buffer-size", "99999999999"],
            ["echo", "--listen", "127.0.0.1:0", "--refill", "sometimes"],
            ["echo", "--listen", "127.0.0.1:0", "--ring-memory", "borrowed"],
            ["echo", "--listen", "127.0.0.1:0", "--summary", "xml"],
            ["echo", "--listen", "127.0.0.1:0", "--consumption", "partial"],
            ["echo", "--listen", "127.0.0.1:0", "--consumption"],
            ["echo", "--listen", "127.0.0.1:0", "--send", "zero-copy"],
            ["proxy", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--send", ""],
            ["echo", "--listen", "127.0.0.1:0", "surplus"],
            ["echo", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1"],
            ["doctor", "surplus"],
            ["doctor", "--xml"], ["doctor", "--without", "bundles"], ["doctor", "--simulated-kernel", "six"],
            ["doctor", "--simulated-kernel", "6.12", "--without", "wings"], ["demo", "--seconds", "0"],
            ["demo", "--connections", "0"], ["demo", "--seconds", "3601"],
            ["demo", "--connections", "10001"], ["demo", "--seed", "-1"],
        ])
        func aWrongCommandLineEndsWithOneLineAnd64(arguments: [String]) throws {
            let result = try run(arguments)
            #expect(result.code == 64)
            #expect(result.output.isEmpty)
            #expect(isOneLine(result.errors), "stderr: \(result.errors)")
            #expect(result.errors.hasPrefix("uring-buffers: "))
        }

        @Test(arguments: [
            ["echo", "--listen", "no-such-host.invalid:0"],
            ["proxy", "--listen", "127.0.0.1:0", "--upstream", "no-such-host.invalid:80"],
            ["echo", "--listen", "192.0.2.1:0"],
        ])
        func whatCannotStartEndsWithOneLineAnd1(arguments: [String]) throws {
            let result = try run(arguments)
            #expect(result.code == 1)
            #expect(result.output.isEmpty)
            #expect(isOneLine(result.errors), "stderr: \(result.errors)")
        }

        /// The tool's first ring registers itself, its region of waits, enables itself, and then asks what the kernel has.
        @Test(
            .needs(.strace, for: "kernels without zero-copy sends or incremental consumption"),
            arguments: [["--send", "zerocopy"], ["--consumption", "incremental"]])
        func aKernelThatCannotDoItEndsWithOneLineAnd1(options: [String]) throws {
            let process = try ChildProcess(
                try OutsideProgram.strace.require(),
                ["-f", "-qq", "-o", "/dev/null", "-e", "trace=io_uring_register", "-e"]
                    + ["inject=io_uring_register:error=EINVAL:when=4", ToolBinary.path]
                    + ["echo", "--listen", "127.0.0.1:0"] + options)
            #expect(try process.wait(seconds: 30).exitCode == 1)
            #expect(process.output.isEmpty)
            #expect(isOneLine(process.errorOutput), "stderr: \(process.errorOutput)")
            #expect(process.errorOutput.contains("needs Linux 6."), "it says what is missing: \(process.errorOutput)")
        }

        @Test func aPortInUse() throws {
            let tool = try RunningTool(.echo)
            let result = try run(["echo", "--listen", tool.address.description])
            #expect(result.code == 1)
            #expect(isOneLine(result.errors), "stderr: \(result.errors)")
            #expect(result.errors.contains("\(tool.address.port)"), "it names the address: \(result.errors)")
            try tool.end()
        }

        static let poolOptions = [
            "--buffers", "--buffer-size", "--refill", "--ring-memory", "--bundles", "--no-bundles",
            "--consumption", "--send", "--summary",
        ]

        @Test(arguments: [
            ("echo", ["--listen"] + poolOptions), ("proxy", ["--listen", "--upstream"] + poolOptions),
            ("demo", ["--seconds", "--connections", "--seed"]),
            ("doctor", ["--json", "0   usable", "1   limited", "2   unusable"]),
        ])
        func helpMentionsEveryOption(command: String, options: [String]) throws {
            let result = try run([command, "--help"])
            #expect(result.code == 0)
            #expect(result.errors.isEmpty)
            for option in options { #expect(result.output.contains(option), "\(command) --help lacks \(option)") }
        }

        @Test func helpAndVersionOfTheTool() throws {
            let help = try run(["--help"])
            #expect(help.code == 0)
            for command in ["proxy", "echo", "demo", "doctor"] { #expect(help.output.contains(command)) }
            let version = try run(["--version"])
            #expect(version.code == 0)
            #expect(isOneLine(version.output))
        }
    }
}
