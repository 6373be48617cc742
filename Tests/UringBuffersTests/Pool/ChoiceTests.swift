// Which class a receive gets: every small world, and the estimate that it is asked with.

import Testing
import UringBuffers

@Suite struct ChoiceTests {
    /// One to four classes of 1...4 bytes, every subset with room, every expectation.
    @Test func everySmallWorld() {
        var worlds = 0
        for subset in 1..<16 {
            let sizes = (1...4).filter { subset >> ($0 - 1) & 1 == 1 }
            for room in 0..<(1 << sizes.count) {
                for expected in 0...6 {
                    let found = PoolChoice.decide(sizes: sizes, expected: expected) { room >> $0 & 1 == 1 }
                    let wanted = Self.plainly(sizes, expected, room)
                    #expect(found == wanted, "\(sizes), \(expected) bytes, room \(room)")
                    worlds += 1
                }
            }
        }
        #expect(worlds == 7 * 80)
    }

    /// The rule as it is told: list the classes in order of preference, take the first with room.
    private static func plainly(_ sizes: [Int], _ expected: Int, _ room: Int) -> (Int, PoolChoice.Reason) {
        let holding = sizes.indices.filter { sizes[$0] >= expected }
        let first = holding.first ?? sizes.count - 1
        let order = [first] + sizes.indices.filter { $0 > first } + sizes.indices.filter { $0 < first }.reversed()
        for index in order where room >> index & 1 == 1 {
            if index == first { return (index, holding.isEmpty ? .largest : .fits) }
            return (index, index > first ? .larger : .smaller)
        }
        return (first, .exhausted)
    }

    /// A room that is only asked for as long as nothing was found: asking may move memory.
    @Test func roomIsAskedForInOrder() {
        var asked: [Int] = []
        let found = PoolChoice.decide(sizes: [1, 2, 3, 4], expected: 2) {
            asked.append($0)
            return $0 == 0
        }
        #expect(asked == [1, 2, 3, 0] && found == (0, .smaller))
    }

    @Test func anEstimateGrowsAtOnce() {
        var estimate = ReceiveEstimate(512)
        estimate.note(received: 512, room: 512)
        #expect(estimate.bytes == 2048)
        estimate.note(received: 4096, room: 4096)
        #expect(estimate.bytes == 16384)
        estimate.note(received: 65536, room: 65536)
        #expect(estimate.bytes == 262144)
        estimate.note(received: 1 << 20, room: 1 << 20)
        #expect(estimate.bytes == 1 << 20, "no more than the bound")
    }

    @Test func anEstimateShrinksWhenSmallReceivesRepeat() {
        var estimate = ReceiveEstimate(4096)
        for _ in 0..<3 { estimate.note(received: 100, room: 4096) }
        #expect(estimate.bytes == 4096)
        estimate.note(received: 3000, room: 4096)
        for _ in 0..<3 { estimate.note(received: 100, room: 4096) }
        #expect(estimate.bytes == 4096, "four in a row")
        estimate.note(received: 100, room: 4096)
        #expect(estimate.bytes == 2048)
        for _ in 0..<100 { estimate.note(received: 1, room: 4096) }
        #expect(estimate.bytes == 64, "no less than the bound")
    }

    /// What fills a smaller buffer than was asked for does not lower the guess; a receive of just what was expected, or a
    /// little more in a larger buffer, does not inflate it.
    @Test func anEstimateInBuffersOfOtherSizes() {
        var estimate = ReceiveEstimate(16384)
        for _ in 0..<10 { estimate.note(received: 512, room: 512) }
        #expect(estimate.bytes == 16384)
        var exact = ReceiveEstimate(600)
        for _ in 0..<10 { exact.note(received: 600, room: 4096) }
        #expect(exact.bytes == 600)
        exact.note(received: 900, room: 4096)
        #expect(exact.bytes == 900)
        #expect(ReceiveEstimate(1, within: 256...1024).bytes == 256)
    }
}
