// What a run of the differential test met, so that a script that meets nothing fails.

import Glibc
import UringBuffers
import UringBuffersTesting

struct Tally: CustomStringConvertible {
    private(set) var completions = 0
    private var ends = 0
    private var starved = 0
    private var starvedBundles = 0
    private var cancelled = 0
    private var reset = 0
    private var severalBuffers = 0
    private var keptBuffers = 0
    private var multishotSuccesses = 0
    private var lastSuccesses = 0
    private var endsWithBuffer = 0
    private var leftBehind = 0

    mutating func count(_ completion: SimulatedCompletion, bufferSize: Int) {
        completions += 1
        let flags = completion.flags
        switch completion.result {
        case 0 where flags.contains(.buffer): endsWithBuffer += 1
        case 0: ends += 1
        case -ENOBUFS: starved += 1
        case -ENOENT: starvedBundles += 1
        case -ECANCELED: cancelled += 1
        case -ECONNRESET: reset += 1
        case let count where count > bufferSize: severalBuffers += 1
        default: break
        }
        if flags.contains(.bufferMore) { keptBuffers += 1 }
        if flags.contains(.socketNonEmpty) { leftBehind += 1 }
        if completion.result > 0 { if flags.contains(.more) { multishotSuccesses += 1 } else { lastSuccesses += 1 } }
    }

    static func += (sum: inout Tally, other: Tally) {
        sum.completions += other.completions
        sum.ends += other.ends
        sum.starved += other.starved
        sum.starvedBundles += other.starvedBundles
        sum.cancelled += other.cancelled
        sum.reset += other.reset
        sum.severalBuffers += other.severalBuffers
        sum.keptBuffers += other.keptBuffers
        sum.multishotSuccesses += other.multishotSuccesses
        sum.lastSuccesses += other.lastSuccesses
        sum.endsWithBuffer += other.endsWithBuffer
        sum.leftBehind += other.leftBehind
    }

    /// Each outcome that a mode can have and a long run must meet, with how often it did.
    func outcomes(of mode: Mode) -> [String: Int] {
        var found = [
            "ends": ends, "starved": starved, "cancelled": cancelled, "reset": reset,
            "multishot successes": multishotSuccesses, "last successes": lastSuccesses,
            "ends with a buffer": endsWithBuffer, "left behind": leftBehind, "nothing to cancel": starvedBundles,
        ]
        if mode.bundles { found["several buffers"] = severalBuffers }
        if mode.consumption.isIncremental { found["kept buffers"] = keptBuffers }
        return found
    }

    var description: String { "\(completions) completions" }
}
