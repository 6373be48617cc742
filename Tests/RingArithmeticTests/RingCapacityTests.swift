// RingCapacity: which entry counts exist.
// Covers: every value of -70000...70000 and the extremes of Int, the text of the error, covering:, order, mask.
// Does not cover: what the kernel accepts (the tests of BufferRing ask it).

import RingArithmetic
import Testing

@Suite struct RingCapacityTests {
    @Test(arguments: legalEntryCounts) func `a legal count is kept, and its mask is one less`(entries: Int) throws {
        let capacity = try RingCapacity(entries)
        #expect(capacity.entries == entries)
        #expect(Int(capacity.mask) == entries - 1)
        #expect(capacity.description == String(entries))
    }

    @Test func `every other count is an error that carries it`() {
        let legal = Set(legalEntryCounts)
        var disagreements = Disagreements()
        let extremes = [
            .min, .min + 1, -(1 << 32), 1 << 16, 1 << 17, 1 << 31, 1 << 32, 1 << 62, (1 << 32) + 1, .max - 1, .max,
        ]
        for count in Array(-70000...70000) + extremes where !legal.contains(count) {
            var caught: IllegalCapacity?
            do throws(IllegalCapacity) { _ = try RingCapacity(count) } catch { caught = error }
            disagreements.check(caught?.entries == count, "\(count) gave \(String(describing: caught))")
        }
        #expect(disagreements.cases == 140_001 - 16 + extremes.count)
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test(arguments: [Int.min, -1, 0, 3, 32769, 65536, .max])
    func `the error names the count and all legal ones`(count: Int) {
        let error = #expect(throws: IllegalCapacity.self) { try RingCapacity(count) }
        let text = error?.description ?? ""
        let numbers = text.split { !($0.isNumber || $0 == "-") }.compactMap { Int($0) }
        #expect(numbers == [count] + legalEntryCounts, "\(text)")
    }

    @Test func `all holds the sixteen legal ones in ascending order`() {
        #expect(RingCapacity.all.map(\.entries) == legalEntryCounts)
    }

    @Test func `covering gives the smallest that holds the count, or nil`() {
        var disagreements = Disagreements()
        for count in Array(-70000...70000) + [.min, .max, 1 << 32] {
            let model = count < 1 ? nil : legalEntryCounts.first { $0 >= count }
            let got = RingCapacity(covering: count)?.entries
            disagreements.check(got == model, "\(count) gave \(String(describing: got))")
        }
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test func `capacities are ordered, equal and hashed by their entries`() throws {
        let all = RingCapacity.all
        for a in all {
            for b in all {
                #expect((a < b) == (a.entries < b.entries))
                #expect((a > b) == (a.entries > b.entries))
                #expect((a <= b) == (a.entries <= b.entries))
                #expect((a >= b) == (a.entries >= b.entries))
                #expect((a == b) == (a.entries == b.entries))
            }
        }
        #expect(Set(all + all).count == 16)
        #expect(all.reversed().sorted() == all)
    }
}
