// What it costs to read the books, beside a group that rests.

import CMicroFloor
import UringBuffers

struct Reading {
    let name: String
    /// What `--check` allows for the median.
    let limit: Double?
    var nanoseconds = Samples()

    var line: String {
        pad(name, 40) + "   " + pad(fixed(nanoseconds.minimum), -6) + "  " + pad(fixed(nanoseconds.median), -6) + " ("
            + fixed(nanoseconds.percentile(0.1)) + "–" + fixed(nanoseconds.percentile(0.9)) + ")"
    }

    static let readings = 2000

    static func all(rounds: Int) throws -> [Reading] {
        var found: [Reading] = []
        for level in [AccountingLevel.counters, .timed] {
            for groups in [1, 8] where level == .counters || groups == 1 {
                var played: [Played] = []
                let monitor = PoolMonitor()
                for _ in 0..<groups {
                    let one = try Played(level)
                    monitor.watch(one.ring.group, named: "played")
                    played.append(one)
                }
                var reading = Reading(
                    name: "a snapshot of \(groups) \(level)", limit: groups == 1 && level == .counters ? 1000 : nil)
                for round in -1..<rounds {
                    let start = micro_now()
                    var seen = 0
                    for _ in 0..<readings { seen &+= monitor.snapshot().groups[0].selected }
                    let time = Double(micro_now() - start) / Double(readings)
                    guard seen > 0 else { throw Failure("nothing was counted") }
                    if round >= 0 { reading.nanoseconds.values.append(time) }
                }
                found.append(reading)
                _ = played.count
            }
        }
        return found
    }

    /// A group that has worked, in a place that an array can hold.
    private final class Played {
        var ring: PlayedRing

        init(_ level: AccountingLevel) throws {
            ring = try PlayedRing(capacity: 4096, bufferSize: Case.bufferSize, policy: .adaptive, level: level)
            ring.fillAll(bufferSize: Case.bufferSize)
        }
    }
}
