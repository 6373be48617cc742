// Plays lives, each on a thread of its own.

import CBareRing
import UringBuffers
import UringBuffersTesting

/// A thread of its own for each: what its allocator holds back for a thread counts as in use until the thread ends.
final class Player {
    var life = Life.plain
    var plan: (call: SystemCall?, error: Int32, after: Int, times: Int) = (nil, 0, 0, 0)
    fileprivate(set) var counts: [SystemCall: Int] = [:]
    var outcome = Outcome()

    func play() {
        // Safe: the thread ends inside the call.
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe test_on_thread({ unsafe Unmanaged<Player>.fromOpaque($0!).takeUnretainedValue().run() }, this)
        // Here, for the other thread must leave nothing behind.
        if plan.call == nil { counts = [:] }
        for (call, count) in zip(SystemCall.all, tallies) where plan.call == nil && count > 0 { counts[call] = count }
    }

    private var tallies = [Int](repeating: 0, count: SystemCall.all.count)

    private func run() {
        let stage = Stage()
        let faults = SystemCallFaults()
        if let call = plan.call { faults.fail(call, with: plan.error, after: plan.after, times: plan.times) }
        do throws(UringError) { try life.run(stage) } catch { outcome.error = error }
        outcome.problem = stage.problem
        outcome.injected = faults.injected
        if plan.call == nil {
            for (position, call) in SystemCall.all.enumerated() { tallies[position] = faults.count(of: call) }
        }
    }
}
