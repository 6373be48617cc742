// Every test of the queue runs twice: with waits through the ring's region, and with ordinary ones.

import Testing
import UringQueue

struct BothWaysOfWaiting: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Once for each case, not for the suites around it.
        guard testCase != nil else { return try await function() }
        try await function()
        try await WaitMethod.$isForcedOrdinary.withValue(true) { try await function() }
    }
}

extension Trait where Self == BothWaysOfWaiting {
    static var bothWaysOfWaiting: Self { Self() }
}
