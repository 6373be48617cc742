// Random tests that can be replayed: fresh seeds in every run, one fixed seed when the environment names it.

import Glibc
public import Testing

/// The environment variable that replays one seed, decimal or 0x hexadecimal.
public let seedVariable = "URING_BUFFERS_SEED"

/// Runs `body` with a generator for each of `rounds` fresh seeds, or once with the seed of ``seedVariable``.
///
/// The first issue of a seed, recorded or thrown, prints that seed and how to replay it on standard error; a trap prints
/// the seeds of all tests that ran beside it. An error that
/// `body` throws ends the rounds. The body must take every random number from its generator.
public func withSeed(
    rounds: Int = 1, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (inout SplitMix64) throws -> Void
) throws {
    for seed in try seeds(rounds: rounds) {
        let notice = SeedNotice(seed: seed, at: sourceLocation)
        let slot = TrapNotice.post("trapped while this ran: " + notice.text)
        defer { TrapNotice.remove(slot) }
        var generator = SplitMix64(seed: seed)
        // Nothing is known and nothing is forgiven: the matcher only looks at each issue as it is recorded.
        try withKnownIssue(isIntermittent: true, sourceLocation: sourceLocation) {
            try body(&generator)
        } matching: { _ in
            notice.print()
            return false
        }
    }
}

/// `rounds` fresh seeds, or the one of ``seedVariable``: for tests that take their seed as an argument.
public func seeds(rounds: Int) throws -> [UInt64] {
    // Safe: the string is copied at once, and nobody changes the environment of a test process.
    if let text = unsafe getenv(seedVariable) {
        let word = unsafe String(cString: text)
        guard let seed = parseSeed(word) else { throw IllegibleSeed(text: word) }
        return [seed]
    }
    var system = SystemRandomNumberGenerator()
    return (0..<rounds).map { _ in system.next() }
}

func parseSeed(_ text: String) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
}

/// The environment names a seed that is not a number: an error, for a fresh seed would look like a replay.
struct IllegibleSeed: Error, CustomStringConvertible {
    let text: String
    var description: String { "\(seedVariable)=\"\(text)\" is neither a decimal nor a 0x number below 2^64" }
}

/// Prints a seed at the first issue only. Used by one test at a time, on the thread that runs it.
private final class SeedNotice: @unchecked Sendable {
    let text: String
    private var printed = false

    init(seed: UInt64, at location: SourceLocation) {
        let hexadecimal = "0x" + String(seed, radix: 16)
        text =
            "\(location.fileID):\(location.line): seed \(hexadecimal); replay with "
            + "\(seedVariable)=\(hexadecimal) swift test --filter <this test>\n"
    }

    func print() {
        guard !printed else { return }
        printed = true
        // Straight to the descriptor, so that a trap right after it cannot swallow the line.
        _ = unsafe text.utf8CString.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    }
}
