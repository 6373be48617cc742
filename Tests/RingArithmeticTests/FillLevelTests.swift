// FillLevel: full, empty and impossible pairs of indices.
// Covers: every 16-bit head × every legal fill up to 16 entries and × every boundary fill above; the same with the
// illegal distances capacity + 1 and 65535; every distance 0...65535 from heads around the wrap.
// Does not cover: all 2^32 pairs of indices (arithmetic-exhaustive in Fuzz/ does, optimised).

import RingArithmetic
import Testing

@Suite struct FillLevelTests {
    @Test(arguments: RingCapacity.all)
    func `every head has the fill of its wide twin`(capacity: RingCapacity) {
        let entries = capacity.entries
        let fills = entries <= 16 ? Array(0...entries) : [0, 1, entries / 2, entries - 1, entries]
        var disagreements = Disagreements()
        for head in 0..<65536 {
            for fill in fills {
                let model = WideRing(entries: entries, head: head, fill: fill)
                let tail = index(WideRing.index(of: model.published))
                let level = FillLevel(head: index(head), tail: tail, capacity: capacity)
                disagreements.check(
                    level?.available == fill && level?.free == entries - fill && level?.isEmpty == (fill == 0)
                        && level?.isFull == (fill == entries) && level?.capacity == capacity,
                    "head \(head) tail \(tail): \(String(describing: level)), model \(fill)")
            }
            for distance in [entries + 1, 65535] {
                let tail = index((head + distance) % 65536)
                let level = FillLevel(head: index(head), tail: tail, capacity: capacity)
                disagreements.check(level == nil, "head \(head) tail \(tail): \(String(describing: level))")
            }
        }
        #expect(disagreements.cases == 65536 * (fills.count + 2))
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test(arguments: RingCapacity.all, [0, 1, 32767, 32768, 65535])
    func `exactly the distances up to the capacity are possible`(capacity: RingCapacity, head: Int) {
        var disagreements = Disagreements()
        for distance in 0..<65536 {
            let tail = index((head + distance) % 65536)
            let level = FillLevel(head: index(head), tail: tail, capacity: capacity)
            let model = distance <= capacity.entries ? distance : nil
            disagreements.check(level?.available == model, "head \(head) tail \(tail)")
        }
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test func `full and empty are told apart at 32768, the largest that allows it`() throws {
        let capacity = try RingCapacity(32768)
        for head in 0..<65536 {
            let full = FillLevel(head: index(head), tail: index((head + 32768) % 65536), capacity: capacity)
            let empty = FillLevel(head: index(head), tail: index(head), capacity: capacity)
            guard full?.isFull == true, full?.isEmpty == false, empty?.isEmpty == true, empty?.isFull == false else {
                Issue.record("head \(head): full \(String(describing: full)), empty \(String(describing: empty))")
                return
            }
        }
    }
}
