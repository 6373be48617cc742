// Why a test cannot go on, in one sentence; a deadline that only ever detects stalls; seeded choices.

import Glibc

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A moment after which something counts as stalled. Generous: no test depends on speed.
struct Deadline {
    private let end: ContinuousClock.Instant
    init(seconds: Double) { end = .now + .seconds(seconds) }
    var hasPassed: Bool { ContinuousClock.now >= end }
}

/// Waits until `condition` holds.
func waitUntil(_ what: String, seconds: Double = 30, _ condition: () throws -> Bool) throws {
    let deadline = Deadline(seconds: seconds)
    while try !condition() {
        guard !deadline.hasPassed else { throw TestFailure("waited \(seconds) s for this in vain: \(what)") }
        usleep(5000)
    }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Log-uniform from 1 to about 2^bits: as many small numbers as large ones.
    mutating func size(bits: Int) -> Int {
        let bit = Int.random(in: 0..<bits, using: &self)
        return (1 << bit) + Int.random(in: 0..<(1 << bit), using: &self)
    }
}
