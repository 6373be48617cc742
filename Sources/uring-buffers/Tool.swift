// The command-line tool: where it starts, and how it ends when something is wrong.

import ArgumentParser
import Glibc

@main
struct Tool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uring-buffers",
        abstract: "Move bytes through io_uring buffer pools, and watch the pool while they move.",
        discussion: """
            Exit codes:
              0   done; the books balance
              1   could not start, or could not go on (one line on stderr says why and what to do)
              2   the books do not balance: a buffer was lost, which is a bug
              64  the command line is wrong
            The doctor has its own: see doctor --help.
            """,
        version: "0.1.0",
        subcommands: [DoctorCommand.self, ProxyCommand.self, EchoCommand.self, DemoCommand.self, TopCommand.self])

    /// Runs the command. A mistake ends with one line on stderr, not with a page of usage.
    static func main() {
        // A client that goes away while we print must not kill the server.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            if exitCode(for: error) == .success { exit(withError: error) }
            if let code = error as? ExitCode { exit(withError: code) }
            Output.error("uring-buffers: \(message(for: error))")
            exit(withError: error is ToolFailure ? ExitCode(1) : ExitCode.validationFailure)
        }
    }
}

/// A reason why a command cannot start or go on, in one sentence or two.
struct ToolFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
