// Programs of the distribution: found, or missed loudly.

import Foundation
import Testing

struct OutsideProgram: Sendable {
    let name: String
    let package: String

    static let curl = OutsideProgram(name: "curl", package: "curl")
    static let nginx = OutsideProgram(name: "nginx", package: "nginx-light")
    static let redisServer = OutsideProgram(name: "redis-server", package: "redis-server")
    static let redisBenchmark = OutsideProgram(name: "redis-benchmark", package: "redis-tools")
    static let iperf3 = OutsideProgram(name: "iperf3", package: "iperf3")
    static let netcat = OutsideProgram(name: "nc", package: "netcat-openbsd")
    static let strace = OutsideProgram(name: "strace", package: "strace")
    static let tmux = OutsideProgram(name: "tmux", package: "tmux")
    static let wrk = OutsideProgram(name: "wrk", package: "wrk")

    /// Its path, also where only administrators look.
    var path: String? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (directories + ["/usr/sbin", "/sbin", "/usr/local/bin"]).map { $0 + "/" + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    func require() throws -> String {
        guard let path else { throw TestFailure("\(name) is missing: the Debian package \(package) is not installed") }
        return path
    }

    /// Runs it to its end, which must be good, and returns its output.
    @discardableResult
    func run(_ arguments: [String], seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation) throws
        -> String
    {
        let process = try ChildProcess(try require(), arguments)
        let outcome = try process.wait(seconds: seconds)
        #expect(
            outcome.exitCode == 0, "`\(process.name)`: \(process.output) \(process.errorOutput)",
            sourceLocation: sourceLocation)
        return process.output
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips loudly where a program is missing; where URING_BUFFERS_REQUIRE_CLIENTS=1 is set the test runs, and fails.
    static func needs(_ programs: OutsideProgram..., for what: String) -> Self {
        let missing = programs.filter { $0.path == nil }
        let isRequired = ProcessInfo.processInfo.environment["URING_BUFFERS_REQUIRE_CLIENTS"] == "1"
        let reason = missing.map { "\($0.package) is not installed" }.joined(separator: ", ")
        if !missing.isEmpty, !isRequired { Skip.say(what, reason) }
        return .enabled(if: missing.isEmpty || isRequired, "\(what): \(reason)")
    }
}

/// A directory that goes away with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = "/tmp/uring-buffers-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))) }
}

/// A server of the distribution, ended with its owner.
final class OutsideServer {
    let address: Address
    let directory: TemporaryDirectory
    let process: ChildProcess

    /// - Parameter arguments: made from the free address and the server's directory.
    init(
        _ program: OutsideProgram, directory: TemporaryDirectory = try! TemporaryDirectory(),
        _ arguments: (Address, TemporaryDirectory) throws -> [String]
    ) throws {
        address = try Address.free()
        self.directory = directory
        process = try ChildProcess(try program.require(), try arguments(address, directory))
        let (process, address) = (process, address)
        try waitUntil("\(program.name) listens on \(address)") {
            guard process.isRunning else {
                throw TestFailure("`\(process.name)` ended: \(process.output) \(process.errorOutput)")
            }
            return (try? TestSocket.connected(to: address)) != nil
        }
    }

    deinit {
        process.send(signal: SIGTERM)
        _ = try? process.wait(seconds: 10)
    }
}
