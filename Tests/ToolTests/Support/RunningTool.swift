// The tool as a server: started on a free port, used, ended by SIGTERM, and its books checked.

import Glibc
import Testing

final class RunningTool {
    let process: ChildProcess
    /// Every address that it said it listens on.
    let addresses: [Address]
    var address: Address { addresses[0] }
    private let context: String

    /// Starts `uring-buffers SERVICE --listen … --summary json` and returns when it listens.
    init(
        _ service: Service, listen: String = "127.0.0.1:0", options: [String] = [], wrapper: [String] = [],
        binary: String = ToolBinary.path
    ) throws {
        TestLimits.raise()
        let command = wrapper + [binary] + service.arguments(listen: listen) + ["--summary", "json"] + options
        process = try ChildProcess(command[0], Array(command.dropFirst()))
        context = (wrapper + service.arguments(listen: listen) + options).joined(separator: " ")
        let child = process
        var found: [Address] = []
        try waitUntil("`\(process.name)` says where it listens") {
            guard child.isRunning else {
                throw StartFailure(exitCode: try child.wait().exitCode, errors: child.errorOutput)
            }
            found = try RunningTool.addresses(in: child.output)
            return !found.isEmpty
        }
        // A name may stand for two addresses, whose lines come one right after the other.
        if !listen.hasPrefix("127.") && !listen.hasPrefix("[") {
            usleep(50_000)
            found = try RunningTool.addresses(in: child.output)
        }
        addresses = found
    }

    enum Service {
        case echo
        case proxy(to: Address)

        func arguments(listen: String) -> [String] {
            switch self {
            case .echo: ["echo", "--listen", listen]
            case .proxy(let upstream): ["proxy", "--listen", listen, "--upstream", upstream.description]
            }
        }
    }

    /// Whole lines only: the last one may still be on its way.
    static func addresses(in output: String) throws -> [Address] {
        guard let end = output.lastIndex(of: "\n") else { return [] }
        let marker = "listening on "
        return try output[..<end].split(separator: "\n").filter { $0.hasPrefix(marker) }
            .map { try Address(String($0.dropFirst(marker.count))) }
    }

    /// Ends it by SIGTERM and returns its books, which must balance.
    @discardableResult
    func end(sourceLocation: SourceLocation = #_sourceLocation) throws -> ToolSummary {
        process.send(signal: SIGTERM)
        return try finish(sourceLocation: sourceLocation)
    }

    /// Waits for its end, which somebody asked for.
    @discardableResult
    func finish(seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation) throws -> ToolSummary {
        let outcome = try process.wait(seconds: seconds)
        let text = process.output
        let errors = process.errorOutput
        #expect(
            outcome.exitCode == 0, "\(context): signal \(outcome.signal ?? 0), stdout: \(text), stderr: \(errors)",
            sourceLocation: sourceLocation)
        #expect(errors.isEmpty, "\(context) wrote on stderr: \(errors)", sourceLocation: sourceLocation)
        guard let line = text.split(separator: "\n").last, line.hasPrefix("{") else {
            throw TestFailure("\(context): the last line of stdout is no summary: \(text) \(errors)")
        }
        let summary = try ToolSummary(json: String(line))
        summary.check(context, sourceLocation: sourceLocation)
        return summary
    }
}

/// The tool ended before it listened.
struct StartFailure: Error, CustomStringConvertible {
    let exitCode: Int32?
    let errors: String
    var description: String { "it ended before it listened with exit code \(exitCode ?? -1): \(errors)" }
}

/// What the tests' own clients need of the machine.
enum TestLimits {
    /// Raises the number of open descriptors to what is allowed, and returns it.
    @discardableResult
    static func raise() -> Int {
        var limit = rlimit()
        // Safe: both calls use the one structure.
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
