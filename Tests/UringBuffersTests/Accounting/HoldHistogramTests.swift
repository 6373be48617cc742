// The histogram against sorted values.

import TestSupport
import Testing
import UringBuffers

@Suite struct HoldHistogramTests {
    /// Buckets follow each other without a gap, and each value lies in its own.
    @Test func bucketsCoverEverything() {
        for bucket in 0..<HoldHistogram.bucketCount {
            let (low, high) = (HoldHistogram.lowerBound(of: bucket), HoldHistogram.upperBound(of: bucket))
            #expect(HoldHistogram.bucket(of: low) == bucket && HoldHistogram.bucket(of: high) == bucket)
            #expect(low <= high && (low < 8 ? high == low : high - low <= low / 4))
            if bucket > 0 { #expect(HoldHistogram.upperBound(of: bucket - 1) + 1 == low) }
        }
        #expect(HoldHistogram.upperBound(of: HoldHistogram.bucketCount - 1) == .max)
        #expect(HoldHistogram.bucket(of: -5) == 0)
        for shift in 2..<62 {
            #expect(HoldHistogram.lowerBound(of: HoldHistogram.bucket(of: 1 << shift)) == 1 << shift)
        }
    }

    @Test func quantilesAreThoseOfTheValues() throws {
        try withSeed(rounds: 20) { random in
            // All magnitudes alike.
            let values = (0..<(1 + random.below(3000))).map { _ in random.below(1 << (1 + random.below(45))) }
            let histogram = HoldHistogram(values)
            let sorted = values.sorted()
            #expect(histogram.count == values.count && histogram.sum == values.reduce(0, +))
            #expect(histogram.least == HoldHistogram.lowerBound(of: HoldHistogram.bucket(of: sorted[0])))
            for q in [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
                let rank = max(1, Int((q * Double(values.count)).rounded(.up)))
                let exact = Double(sorted[rank - 1])
                let found = try #require(histogram.quantile(q))
                #expect(abs(found - exact) <= exact * 0.125 + 0.5, "quantile \(q): \(found), and not \(exact)")
            }
            for shift in [0, 1, 4, 10, 30, 44] {
                #expect(histogram.count(below: 1 << shift) == values.count { $0 < 1 << shift })
            }
        }
    }

    /// What came in a window is what the later state has more than the earlier one.
    @Test func subtractingLeavesTheWindow() throws {
        try withSeed(rounds: 20) { random in
            let before = (0..<random.below(200)).map { _ in random.below(1 << (1 + random.below(40))) }
            let window = (0..<random.below(200)).map { _ in random.below(1 << (1 + random.below(40))) }
            let later = HoldHistogram(before + window)
            #expect(later.subtracting(HoldHistogram(before)) == HoldHistogram(window))
            #expect(later.subtracting(later).isEmpty && later.subtracting(HoldHistogram()) == later)
        }
    }

    @Test func anEmptyOneHasNoQuantile() {
        let empty = HoldHistogram(counts: [0, 0, 0], sum: 0)
        #expect(empty == HoldHistogram() && empty.quantile(0.5) == nil && empty.mean == nil && empty.least == nil)
        #expect(empty.count(below: 1024) == 0)
    }
}
