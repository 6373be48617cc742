// How long calls took, by the wall clock and by the thread's own time, which a preempted thread does not spend.

import Glibc

func nanoseconds(_ clock: clockid_t) -> Int {
    var now = timespec()
    clock_gettime(clock, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
}

struct Pauses {
    private(set) var wall: [Int] = []
    private(set) var cpu: [Int] = []

    mutating func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
        let (wallStart, cpuStart) = (nanoseconds(CLOCK_MONOTONIC), nanoseconds(CLOCK_THREAD_CPUTIME_ID))
        let result = try body()
        cpu.append(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpuStart)
        wall.append(nanoseconds(CLOCK_MONOTONIC) - wallStart)
        return result
    }

    /// Moves the last measurement to `other`.
    mutating func moveLast(to other: inout Pauses) {
        other.wall.append(wall.removeLast())
        other.cpu.append(cpu.removeLast())
    }

    static func + (a: Pauses, b: Pauses) -> Pauses {
        var sum = a
        sum.wall += b.wall
        sum.cpu += b.cpu
        return sum
    }

    var count: Int { wall.count }
}

/// p50, p99 and the longest, in µs.
struct Quantiles: CustomStringConvertible {
    let median: Double
    let high: Double
    let longest: Double

    init(_ samples: [Int]) {
        let sorted = samples.sorted()
        func at(_ share: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[Int(Double(sorted.count - 1) * share)]) / 1000
        }
        (median, high, longest) = (at(0.5), at(0.99), at(1))
    }

    var description: String { "\(rounded(median)) / \(rounded(high)) / \(rounded(longest))" }
}

func rounded(_ value: Double) -> String {
    value >= 100 ? "\(Int(value.rounded()))" : "\((value * 10).rounded() / 10)"
}

func median(_ samples: [Double]) -> Double { samples.sorted()[samples.count / 2] }

/// Median (least … most).
func spread(_ samples: [Double]) -> String {
    "\(rounded(median(samples))) (\(rounded(samples.min()!)) … \(rounded(samples.max()!)))"
}
