// One step of a random walk, as plain numbers that mean something in every state, so that steps can be left out.

import TestSupport

/// A step: what to do, and two numbers that pick among what there is.
struct Operation: CustomStringConvertible {
    enum Kind: String, CaseIterable {
        /// The kernel receives; its completion waits.
        case complete, completeBundle, completeNothing
        /// The oldest completion is taken, or its outcome ignored.
        case take, ignore
        /// A buffer, bundle, slice or lease ends, here or on another thread.
        case end, endElsewhere
        case share, slice, token, reclaim, reclaimElsewhere
        /// Bundles: the first buffer off, another one behind, bytes off, everything to another handle.
        case next, append, drop, takeAll
        /// A zero-copy send of a buffer, bundle or slice, and its two completions.
        case lease, result, notify
        case refill, wait, forget, watermarks, reserve
        case makeTag, endTag, charge
        /// Everything is ended and the group refilled, as a lull would.
        case lull

        /// How often among others.
        var weight: Int {
            switch self {
            case .take: 24
            case .complete, .completeBundle: 12
            case .end: 12
            case .endElsewhere, .refill, .next: 6
            case .append, .drop, .wait, .charge, .lease, .result, .notify: 4
            case .lull: 1
            default: 2
            }
        }
    }

    let kind: Kind
    let a: Int
    let b: Int

    var description: String { "\(kind)(\(a), \(b))" }

    private static let wheel = Kind.allCases.flatMap { Array(repeating: $0, count: $0.weight) }

    static func walk(of count: Int, _ random: inout SplitMix64) -> [Operation] {
        (0..<count).map { _ in
            Operation(kind: wheel[random.below(wheel.count)], a: random.below(1000), b: random.below(1000))
        }
    }
}

/// Leaves out steps as long as the rest still fails.
func minimized(_ steps: [Operation], fails: ([Operation]) -> Bool) -> [Operation] {
    var steps = steps
    var chunk = max(1, steps.count / 2)
    while true {
        var start = 0
        var isShorter = false
        while start < steps.count {
            var rest = steps
            rest.removeSubrange(start..<min(start + chunk, steps.count))
            if fails(rest) {
                steps = rest
                isShorter = true
            } else {
                start += chunk
            }
        }
        if chunk == 1, !isShorter { return steps }
        if !isShorter || chunk > 1 { chunk = max(1, chunk / 2) }
    }
}
