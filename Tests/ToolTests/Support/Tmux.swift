// A real terminal, without a window.

import Foundation
import Testing

/// A terminal that programs run in and tests look at.
struct Tmux {
    private let name = "uring-buffers-\(UInt32.random(in: 0...UInt32.max))"
    private let directory: TemporaryDirectory

    init(columns: Int, lines: Int) throws {
        directory = try TemporaryDirectory()
        try run(
            OutsideProgram.tmux.require(), "-L", name, "-f", "/dev/null", "new-session", "-d", "-x", "\(columns)", "-y",
            "\(lines)", "/bin/sh")
    }

    func end() { _ = try? tmux("kill-server") }

    func file(_ name: String) -> String { directory.path + "/" + name }
    func read(_ name: String) throws -> [UInt8] { try directory.read(name) }

    /// A line for the shell.
    func type(_ line: String) throws { try tmux("send-keys", line, "Enter") }
    func press(_ key: String) throws { try tmux("send-keys", key) }
    func screen() throws -> String { try tmux("capture-pane", "-p") }

    /// Writes what is on the screen to a file for people.
    func keep(as name: String) throws {
        try screen().write(toFile: Artifacts.path(name), atomically: true, encoding: .utf8)
    }

    @discardableResult
    private func tmux(_ arguments: String...) throws -> String {
        try OutsideProgram.tmux.run(["-L", name] + arguments)
    }

    func run(_ command: String...) throws {
        try ChildProcess(command[0], Array(command.dropFirst())).wait(seconds: 30)
    }
}
