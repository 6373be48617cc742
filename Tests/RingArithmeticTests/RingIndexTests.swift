// RingIndex: 16-bit counters that wrap by themselves.
// Covers: every position × every capacity for the slot; every position × boundary and random steps for advance and
// distance; text. Does not cover: all 2^32 pairs (arithmetic-exhaustive in Fuzz/ does, optimised).

import RingArithmetic
import TestSupport
import Testing

@Suite struct RingIndexTests {
    /// Steps on both sides of every power of two.
    static let steps: [Int] = {
        let powers: [Int] = (0...16).map { 1 << $0 }
        let around: Set<Int> = Set(powers.flatMap { [$0 - 1, $0, $0 + 1] })
        return around.filter { $0 < 65536 }.sorted()
    }()

    @Test(arguments: RingCapacity.all) func `every position has the slot of its wide twin`(capacity: RingCapacity) {
        var disagreements = Disagreements()
        for position in 0..<65536 {
            let got = index(position).slot(in: capacity)
            disagreements.check(got == position % capacity.entries, "slot of \(position) is \(got)")
        }
        #expect(disagreements.cases == 65536)
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test(arguments: steps) func `advance and distance agree with positions that never wrap`(step: Int) {
        var disagreements = Disagreements()
        for start in 0..<65536 {
            let wide = (start + step) % 65536
            let advanced = index(start).advanced(by: UInt16(step))
            var moved = index(start)
            moved.advance(by: UInt16(step))
            disagreements.check(Int(advanced.rawValue) == wide, "\(start) advanced by \(step) is \(advanced)")
            disagreements.check(moved == advanced, "advance(by:) gives \(moved), advanced(by:) \(advanced)")
            let distance = Int(advanced.distance(from: index(start)))
            disagreements.check(distance == step, "\(start) to \(advanced) is \(distance)")
        }
        #expect(disagreements.count == 0, "\(disagreements.first)")
    }

    @Test func `random walks stay with their wide twins`() throws {
        try withSeed(rounds: 4) { random in
            var wide = random.below(65536)
            var narrow = index(wide)
            for _ in 0..<5000 {
                let step = random.oneIn(2) ? random.below(65536) : random.below(9)
                let before = narrow
                narrow.advance(by: UInt16(step))
                wide += step
                try #require(Int(narrow.rawValue) == wide % 65536)
                try #require(Int(narrow.distance(from: before)) == step)
            }
        }
    }

    @Test func `a full and an empty ring share their slots and differ as indices`() {
        for capacity in RingCapacity.all {
            let head = index(65535)
            let tail = head.advanced(by: UInt16(capacity.entries))
            #expect(head.slot(in: capacity) == tail.slot(in: capacity))
            #expect(head != tail)
        }
    }

    @Test func `zero, text and size`() {
        #expect(RingIndex.zero.rawValue == 0)
        #expect(index(65535).description == "65535")
        #expect(MemoryLayout<RingIndex>.size == 2)
    }
}
