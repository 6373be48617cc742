// What others say to the text formats: promtool, and the Python client's parser of OpenMetrics.

import Foundation
import Testing
import UringBuffers
import UringBuffersReports

/// A program that reads an exposition on its standard input.
struct Judge {
    let program: String
    let arguments: [String]
    /// The Debian package that has it.
    let package: String

    static let promtool = Judge(program: "promtool", arguments: ["check", "metrics"], package: "prometheus")
    static let python = Judge(
        // Debian's own, which has Debian's packages.
        program: "/usr/bin/python3",
        arguments: [
            "-c",
            """
            import sys
            from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
            families = list(parse(sys.stdin.read()))
            print(len(families), sum(len(family.samples) for family in families))
            """,
        ], package: "python3-prometheus-client")

    /// Its exit code and all that it printed.
    func hear(_ text: String) throws -> (code: Int32, said: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }

    /// False where it is missing, after saying so; with URING_BUFFERS_REQUIRE_JUDGES=1 that is an issue.
    func isHere() throws -> Bool {
        let probe = Judge(
            program: program,
            arguments: program.hasSuffix("python3") ? ["-c", "import prometheus_client"] : ["--version"],
            package: package)
        if try probe.hear("").code == 0 { return true }
        if ProcessInfo.processInfo.environment["URING_BUFFERS_REQUIRE_JUDGES"] == "1" {
            Issue.record("\(program) is missing: install \(package)")
        } else {
            print("SKIPPED: what \(program) says, because it is missing: install \(package)")
        }
        return false
    }
}

@Suite(.serialized) struct JudgeTests {
    @Test func promtoolFindsNothing() throws {
        guard try Judge.promtool.isHere() else { return }
        for snapshot in [fullSnapshot(), try realSnapshot()] {
            let (code, said) = try Judge.promtool.hear(PrometheusText.render(snapshot))
            #expect(code == 0 && said.isEmpty, "\(said)")
        }
        // It can say no.
        #expect(try Judge.promtool.hear("# TYPE badName gauge\nbadName 1\n").code != 0)
    }

    @Test func pythonReadsEverySample() throws {
        guard try Judge.python.isHere() else { return }
        for snapshot in [fullSnapshot(), try realSnapshot()] {
            let text = OpenMetricsText.render(snapshot)
            let lines = text.split(separator: "\n")
            let families = lines.count { $0.hasPrefix("# TYPE ") }
            let samples = lines.count { !$0.hasPrefix("#") }
            let (code, said) = try Judge.python.hear(text)
            #expect(code == 0 && said == "\(families) \(samples)\n", "\(said)")
        }
        #expect(try Judge.python.hear("uring_buffers_x 1\n").code != 0, "it ends without # EOF")
    }
}
