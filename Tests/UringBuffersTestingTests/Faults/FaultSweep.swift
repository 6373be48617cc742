// Every call of every life fails once, with every errno that it could fail with.

import CBareRing
import Glibc
import UringBuffers
import UringBuffersTesting

/// How a life ended, and what it left behind.
struct Outcome {
    var error: UringError?
    var problem: String?
    var injected = 0
    var descriptors = 0
    var mapped = 0
    var heap = 0
    var abandoned = 0

    var leftNothing: Bool { descriptors == 0 && mapped == 0 && heap == 0 && abandoned == 0 }
}

struct FaultSweep {
    private(set) var tried = 0
    private(set) var injected = 0
    private(set) var errors = 0
    /// Lives that left descriptors, mappings or heap behind which nothing tells of.
    private(set) var leaks = 0
    private(set) var abandoned = 0
    private(set) var objections: [String] = []
    private(set) var reached: Set<SystemCall> = []

    /// Lives for ever, so that no thread allocates what another frees.
    private let player = Player()

    /// Plays one life whose `call` fails, if any, and measures what is there afterwards and was not before.
    private func play(
        _ life: Life, failing call: SystemCall?, with error: Int32 = 0, after: Int = 0, times: Int = 1
    ) -> Outcome {
        player.life = life
        player.plan = (call, error, after, times)
        player.outcome = Outcome()
        let before = (test_footprint(), BufferGroup.abandonedBytes)
        player.play()
        let now = test_footprint()
        var outcome = player.outcome
        // A message is on the heap.
        let isSilent = outcome.problem == nil
        outcome.descriptors = Int(now.descriptors - before.0.descriptors)
        outcome.mapped = Int(now.mapped - before.0.mapped)
        outcome.heap = isSilent && now.heap >= 0 ? Int(now.heap - before.0.heap) : 0
        outcome.abandoned = BufferGroup.abandonedBytes - before.1
        return outcome
    }

    /// How often a life makes each call; also that it goes well when none fails.
    mutating func record(_ life: Life) -> [SystemCall: Int] {
        // What is made at the first use stays.
        for _ in 0..<3 { _ = play(life, failing: nil) }
        var outcome = play(life, failing: nil)
        for _ in 0..<4 where !outcome.leftNothing { outcome = play(life, failing: nil) }
        let counts = player.counts
        if outcome.error != nil || outcome.problem != nil || !outcome.leftNothing {
            objections.append("\(life.name), nothing failing: \(outcome)")
        }
        reached.formUnion(counts.keys)
        return counts
    }

    /// Each call in turn.
    mutating func sweep(_ life: Life) {
        for (call, count) in record(life).sorted(by: { $0.key.name < $1.key.name }) {
            guard let expected = Expectation.of(call) else {
                objections.append("\(life.name): nothing says what a failing \(call) comes to")
                continue
            }
            for error in expected.errors {
                for after in 0..<count {
                    attempt(life, expected, error, after: after, times: 1)
                }
                // From the first on, for ever.
                attempt(life, expected, error, after: 0, times: .max)
            }
        }
    }

    private mutating func attempt(_ life: Life, _ expected: Expectation, _ error: Int32, after: Int, times: Int) {
        let which = times == 1 ? "call \(after)" : "every call"
        let attempt = "\(life.name): \(which) of \(expected.call) fails with \(error)"
        // Safe: the text is copied.
        unsafe test_now_doing(attempt)
        var outcome = play(life, failing: expected.call, with: error, after: after, times: times)
        // What the runtime makes once, at the first error of a kind, is no leak, nor what another thread of the process
        // allocates meanwhile: a leak repeats itself.
        for _ in 0..<4 where !outcome.leftNothing && expected.leaves == nil {
            outcome = play(life, failing: expected.call, with: error, after: after, times: times)
        }
        tried += 1
        injected += outcome.injected
        errors += outcome.error == nil ? 0 : 1
        abandoned += outcome.abandoned
        // Later calls depend on time: not reached means not failed.
        guard outcome.injected > 0 else { return }
        var found: [String] = []
        var lost: [String] = []
        if let problem = outcome.problem { found.append(problem) }
        if let objection = expected.objection(to: outcome, errno: error, isQuestion: life.isQuestion) {
            found.append(objection)
        }
        if outcome.descriptors != 0 { lost.append("\(outcome.descriptors) descriptors stay open") }
        let mayLeave = expected.leaves != nil
        // What goes with a group's buffers is not counted: the ring's entries, guard pages.
        if mayLeave, expected.isCounted, outcome.mapped > outcome.abandoned + 4 * 4096 {
            lost.append("\(outcome.mapped) bytes stay mapped, \(outcome.abandoned) are counted as abandoned")
        }
        if outcome.mapped != 0, !mayLeave { lost.append("\(outcome.mapped) bytes stay mapped") }
        if outcome.heap != 0, !mayLeave { lost.append("\(outcome.heap) bytes of the heap stay") }
        if outcome.abandoned != 0, !mayLeave { lost.append("\(outcome.abandoned) bytes are abandoned") }
        leaks += lost.count
        for text in found + lost {
            objections.append("\(attempt): \(text)")
        }
    }
}
