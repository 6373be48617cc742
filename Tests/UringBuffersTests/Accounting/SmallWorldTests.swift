// Every sequence of a few steps in groups of one and two buffers, with the books compared after each step.

import Testing
import UringBuffers

@Suite struct SmallWorldTests {
    private static let steps: [Operation] = [
        Operation(kind: .complete, a: 3, b: 1), Operation(kind: .completeBundle, a: 13, b: 1),
        Operation(kind: .completeNothing, a: 0, b: 2), Operation(kind: .take, a: 0, b: 0),
        Operation(kind: .end, a: 0, b: 0), Operation(kind: .endElsewhere, a: 0, b: 0),
        Operation(kind: .lease, a: 0, b: 0), Operation(kind: .refill, a: 0, b: 0),
    ]

    /// Completions that are taken at once lead further in as many steps.
    private static let openings: [[Operation]] = [
        [], [steps[0], steps[3]], [steps[1], steps[3]], [steps[1], steps[3], steps[6]],
    ]

    @Test(arguments: [1, 2], [Consumption.whole, .incremental()])
    func everyShortLifeBalances(capacity: Int, consumption: Consumption) throws {
        var lives = 0
        for level in [AccountingLevel.counters, .forensic] {
            for opening in Self.openings {
                for number in 0..<(level == .counters ? 512 : 64) {
                    let life =
                        opening + Self.digits(of: number, count: level == .counters ? 3 : 2).map { Self.steps[$0] }
                    let shape = ModelShape(
                        capacity: capacity, bufferSize: 8, consumption: consumption, policy: .adaptive, level: level)
                    if let (step, wrong) = try ModelWalk(shape).play(life) {
                        Issue.record("\(shape), step \(step) of \(life): \(wrong.prefix(3))")
                        return
                    }
                    lives += 1
                }
            }
        }
        #expect(lives == 4 * (512 + 64))
    }

    private static func digits(of number: Int, count: Int) -> [Int] {
        (0..<count).map { number >> (3 * $0) & 7 }
    }
}
