// A program under test or beside it: started, watched, ended, and never left behind.

import Glibc

/// A started program whose stdout and stderr go to unlinked files, so that it can never block on a full pipe.
final class ChildProcess {
    /// How a program ended, and what it cost.
    struct Outcome {
        /// The exit code, or nil when a signal ended it.
        let exitCode: Int32?
        let signal: Int32?
        let processorSeconds: Double
    }

    let name: String
    let identifier: pid_t
    private let outputFile: Int32
    private let errorFile: Int32
    private var outcome: Outcome?

    /// - Parameters:
    ///   - stdin: a descriptor to read from; nothing when nil.
    ///   - stdout: a descriptor to write to instead of the file that `output` reads.
    init(
        _ path: String, _ arguments: [String], stdin: Int32? = nil, stdout: Int32? = nil,
        environment: [String] = []
    ) throws {
        name = ([path.split(separator: "/").last.map(String.init) ?? path] + arguments).joined(separator: " ")
        outputFile = try ChildProcess.unlinkedFile()
        errorFile = try ChildProcess.unlinkedFile()
        let empty = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { _ = close(empty) }
        var actions = unsafe posix_spawn_file_actions_t()
        // Safe: the structure lives through the spawn.
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, stdin ?? empty, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, stdout ?? outputFile, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errorFile, 2)
        // What the test runner has open is none of its business, and would count against its limit.
        for descriptor in 3..<256 as Range<Int32> { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // As from a shell: no signal is blocked or ignored, whatever the test runner does with its own.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var argv = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var envp = unsafe (ChildProcess.inherited + environment).map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var made: pid_t = 0
        let error = unsafe posix_spawnp(&made, path, &actions, &attributes, &argv, &envp)
        guard error == 0 else {
            _ = close(outputFile)
            _ = close(errorFile)
            throw TestFailure("cannot start \(path): errno \(error)")
        }
        identifier = made
    }

    deinit {
        if outcome == nil {
            kill(identifier, SIGKILL)
            _ = waitpid(identifier, nil, 0)
        }
        _ = close(outputFile)
        _ = close(errorFile)
    }

    /// What it wrote so far.
    var output: String { ChildProcess.text(of: outputFile) }
    var errorOutput: String { ChildProcess.text(of: errorFile) }

    func send(signal: Int32) { if outcome == nil { kill(identifier, signal) } }

    /// Whether it has not ended.
    var isRunning: Bool { reap() == nil }

    /// Waits for its end; kills it and throws when that takes longer than `seconds`.
    @discardableResult
    func wait(seconds: Double = 60) throws -> Outcome {
        let deadline = Deadline(seconds: seconds)
        while true {
            if let outcome = reap() { return outcome }
            guard !deadline.hasPassed else {
                let state = ProcessFiles.state(of: identifier)
                kill(identifier, SIGKILL)
                throw TestFailure(
                    "`\(name)` did not end within \(seconds) s (state: \(state)); stdout: \(output); stderr: \(errorOutput)"
                )
            }
            usleep(2000)
        }
    }

    private func reap() -> Outcome? {
        if let outcome { return outcome }
        var status: Int32 = 0
        var usage = rusage()
        // Safe: the call writes both.
        guard unsafe wait4(identifier, &status, WNOHANG, &usage) == identifier else { return nil }
        let signal = status & 0x7f
        let seconds =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
        outcome = Outcome(
            exitCode: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal,
            processorSeconds: seconds)
        return outcome
    }

    /// The environment of the tests.
    private static var inherited: [String] {
        var found: [String] = []
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            unsafe found.append(String(cString: entry))
            unsafe next += 1
        }
        return found
    }

    private static func unlinkedFile() throws -> Int32 {
        var path = Array(("/tmp/uring-buffers-test-" + String(repeating: "X", count: 6)).utf8CString)
        // Safe: the call replaces the six last characters.
        let made = unsafe mkstemp(&path)
        guard made >= 0 else { throw TestFailure("cannot make a temporary file: errno \(errno)") }
        _ = fcntl(made, F_SETFD, FD_CLOEXEC)
        unsafe unlink(path)
        return made
    }

    private static func text(of file: Int32) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            // Safe: reads at most the chunk's size into it.
            let count = unsafe pread(file, &chunk, chunk.count, bytes.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
