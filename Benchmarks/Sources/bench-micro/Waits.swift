// What a wait costs whose time the kernel reads in the ring's region, against one whose argument it copies.

import CMicroFloor
import UringQueue

enum Wait: String, CaseIterable {
    /// The wait alone: it looks, finds nothing and ends.
    case empty = "nothing there, no time"
    /// One request in, one completion out: a wait in a loop that has work.
    case submitting = "submit a no-op, wait, reap"
    /// Each wait has another time than the one before, so that the slot is written for each.
    case changing = "the same, another time each"

    /// Both sides are queues that differ in nothing else; who goes first alternates.
    func run(rounds: Int, count: Int) throws -> Row {
        let region = try UringQueue(entries: 8)
        let ordinary = try UringQueue(entries: 8, waiting: .ordinary)
        guard region.waitsThroughRegion, !ordinary.waitsThroughRegion else {
            throw Failure("this kernel, or the locked-memory limit, has no region to wait through")
        }
        var row = Row(name: rawValue)
        for round in -1..<rounds {
            var times = (0.0, 0.0)
            if round % 2 == 0 {
                times.0 = try nanoseconds(region, count)
                times.1 = try nanoseconds(ordinary, count)
            } else {
                times.1 = try nanoseconds(ordinary, count)
                times.0 = try nanoseconds(region, count)
            }
            guard round >= 0 else { continue }
            row.ours.values.append(times.0)
            row.floor.values.append(times.1)
        }
        return row
    }

    private func nanoseconds(_ queue: borrowing UringQueue, _ count: Int) throws -> Double {
        var completions = 0
        let start = micro_now()
        for number in 0..<count {
            switch self {
            case .empty:
                guard try queue.wait(timeout: .zero) == .timedOut else { throw Failure("a wait found something") }
                completions += 1
            case .submitting, .changing:
                queue.nop(tag: 1)
                let seconds = self == .changing ? 1000 + number & 1 : 1000
                guard try queue.wait(timeout: .seconds(seconds)) == .ready else { throw Failure("nothing was ready") }
                completions += queue.forEachCompletion { _ in }
            }
        }
        let end = micro_now()
        guard completions == count else { throw Failure("\(completions) completions of \(count)") }
        return Double(end - start) / Double(count)
    }

    static func report(rounds: Int, count: Int) throws -> [Row] {
        print("\(rounds) rounds of \(count) waits for each side, in turn: through the region (ours), ordinary (floor)")
        print(Row.heading(of: "ns per wait"))
        return try allCases.map { wait in
            // One that sleeps takes longer by far.
            let row = try wait.run(rounds: rounds, count: wait == .empty ? (count + 19) / 20 : count)
            print(row.line)
            return row
        }
    }
}
