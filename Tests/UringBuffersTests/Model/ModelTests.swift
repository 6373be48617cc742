// Random walks of a group beside a model in plain Swift; a walk that fails is shortened and printed.

import TestSupport
import Testing
import UringBuffers

@Suite struct ModelTests {
    private static let consumptions: [Consumption] = [.whole, .incremental(), .incremental(minimumLeft: 7)]

    @Test(arguments: consumptions, RefillPolicy.allCases)
    func everyStepAgreesWithTheModel(consumption: Consumption, policy: RefillPolicy) throws {
        var done: [Operation.Kind: Int] = [:]
        try withSeed(rounds: 24) { random in
            let shape = ModelShape(
                capacity: [1, 2, 4, 8, 32, 128][random.below(6)], bufferSize: [8, 24, 100][random.below(3)],
                consumption: consumption, policy: policy, level: AccountingLevel.allCases[random.below(3)])
            let steps = Operation.walk(of: 500, &random)
            let run = try ModelWalk(shape)
            if let (step, wrong) = try run.play(steps) { try report(shape, steps, step, wrong) }
            done.merge(run.done, uniquingKeysWith: +)
        }
        for kind in Operation.Kind.allCases where try seeds(rounds: 2).count > 1 {
            #expect(done[kind, default: 0] > 0, "no walk did \(kind): the test shows less than it says")
        }
    }

    /// Ends the walks at the first that fails.
    private struct Disagreement: Error {}

    /// Records the shortest walk that still fails.
    private func report(_ shape: ModelShape, _ steps: [Operation], _ step: Int, _ wrong: [String]) throws {
        func failure(_ steps: [Operation]) -> [String]? {
            guard let run = try? ModelWalk(shape), let failure = try? run.play(steps) else { return nil }
            return failure.wrong
        }
        // It must go on failing in the same way.
        let kind = wrong.first?.prefix(8)
        let shortest = minimized(Array(steps.prefix(step + 1))) { failure($0)?.first?.prefix(8) == kind }
        Issue.record(
            """
            \(shape), step \(step): \(wrong.prefix(3)); \(shortest.count) steps are enough: \(shortest) \
            → \((failure(shortest) ?? wrong).prefix(3))
            """)
        throw Disagreement()
    }

    /// The shortening itself: of a thousand steps, the two that matter are left, in order.
    @Test func whatDoesNotMatterIsLeftOut() {
        var random = SplitMix64(seed: 5)
        var steps = Operation.walk(of: 1000, &random)
        steps[100] = Operation(kind: .lull, a: 1001, b: 1)
        steps[900] = Operation(kind: .lull, a: 1002, b: 2)
        let shortest = minimized(steps) { rest in
            guard let first = rest.firstIndex(where: { $0.a == 1001 }) else { return false }
            return rest[first...].contains { $0.a == 1002 }
        }
        #expect(shortest.map(\.a) == [1001, 1002])
    }
}
