// SlotRun: consecutive positions as one or two ranges of slots.
// Covers: every 16-bit start × every count up to 8 entries, compared slot by slot; every start × boundary counts for
// every capacity, compared by the ends of both parts; the trap on a count out of range.
// Does not cover: every count of the large capacities (arithmetic-exhaustive in Fuzz/ does, optimised).

import RingArithmetic
import Testing

@Suite struct SlotRunTests {
    @Test(arguments: RingCapacity.all.prefix(4))
    func `slot by slot, small rings`(capacity: RingCapacity) {
        var disagreements = Disagreements()
        for start in 0..<65536 {
            for count in 0...capacity.entries {
                let run = SlotRun(start: index(start), count: count, capacity: capacity)
                let model = WideRing(entries: capacity.entries, head: start, fill: count)
                disagreements.check(
                    Array(run.first) + Array(run.second) == model.slots(from: model.consumed, count: count),
                    "start \(start) count \(count): \(run)")
            }
        }
        #expect(disagreements.cases == 65536 * (capacity.entries + 1))
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test(arguments: RingCapacity.all)
    func `both parts, their ends and the wrap, every ring`(capacity: RingCapacity) {
        let entries = capacity.entries
        let counts = Set([0, 1, 2, entries / 2, entries - 1, entries]).filter { $0 <= entries }
        var disagreements = Disagreements()
        for start in 0..<65536 {
            for count in counts {
                let run = SlotRun(start: index(start), count: count, capacity: capacity)
                let lower = start % entries
                // The model: the run stays in one piece unless its end lies beyond the ring's.
                let end = lower + count
                let first = end <= entries ? lower..<end : lower..<entries
                let second = end <= entries ? 0..<0 : 0..<(end - entries)
                disagreements.check(
                    run.first == first && run.second == second && run.count == count && run.wraps == (end > entries),
                    "start \(start) count \(count): \(run), model \(first) \(second)")
            }
        }
        #expect(disagreements.cases == 65536 * counts.count)
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test func `a run longer than the ring traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = SlotRun(start: .zero, count: 9, capacity: try RingCapacity(8))
        }
    }

    @Test func `a negative run traps`() async {
        await #expect(processExitsWith: .failure) {
            _ = SlotRun(start: .zero, count: -1, capacity: try RingCapacity(8))
        }
    }

    @Test func `the longest legal run does not trap`() async {
        await #expect(processExitsWith: .success) {
            _ = SlotRun(start: .zero, count: 8, capacity: try RingCapacity(8))
        }
    }
}
