// A pool that fits this machine.

import Glibc
import UringBuffers
import UringQueue

struct PoolSuggestion {
    var buffers: Int
    let bufferSize = 4096
    var queueEntries: Int
    let isReducedByLockedMemory: Bool
    let isReducedByMemory: Bool

    static let usualBuffers = 4096
    static let usualPlan = RelayIO.plan(entries: RelayIO.usualQueue, buffers: usualBuffers)
    static let smallestPlan = RelayIO.plan(entries: RelayIO.smallestQueue, buffers: 64)

    var byteCount: Int { buffers * bufferSize }

    /// The usual pool, or the largest one that the limits allow; `nil` when none fits.
    init?(for machine: Machine, _ kernel: KernelCapabilities) {
        var buffers = PoolSuggestion.usualBuffers
        // A pool can become resident as a whole; an eighth of what is free leaves room for everybody else.
        while buffers > 64, buffers * bufferSize > machine.availableBytes / 8, machine.availableBytes > 0 {
            buffers /= 2
        }
        isReducedByMemory = buffers < PoolSuggestion.usualBuffers
        let wanted = buffers
        func fits(_ entries: Int) -> Bool { machine.budget.fits(RelayIO.plan(entries: entries, buffers: buffers)) }
        // Buffers first: a small queue only costs more system calls.
        while !fits(RelayIO.smallestQueue) {
            guard buffers > 64 else { return nil }
            buffers /= 2
        }
        var entries = RelayIO.usualQueue
        while !fits(entries) { entries /= 4 }
        isReducedByLockedMemory = buffers < wanted || entries < RelayIO.usualQueue
        self.buffers = buffers
        queueEntries = entries
    }

    /// The smallest pool that is worth a try.
    static let smallest = PoolSuggestion(buffers: 64, queueEntries: RelayIO.smallestQueue)

    private init(buffers: Int, queueEntries: Int) {
        self.buffers = buffers
        self.queueEntries = queueEntries
        isReducedByLockedMemory = true
        isReducedByMemory = false
    }

    /// Makes the pool and closes it again; the error says what was in the way.
    func tryOut(_ mode: BufferMode) -> UringError? {
        do throws(UringError) {
            try LockedMemory.patiently { () throws(UringError) in try attempt(mode) }
            return nil
        } catch { return error }
    }

    private func attempt(_ mode: BufferMode) throws(UringError) {
        let queue = try UringQueue(entries: queueEntries, completionEntries: queueEntries * 8)
        let group = try BufferGroup(on: queue, id: 0, capacity: buffers, bufferSize: bufferSize, mode: mode)
        try group.close()
    }

    var plan: MemlockPlan { RelayIO.plan(entries: queueEntries, buffers: buffers) }

    var sentence: String {
        let cause =
            isReducedByLockedMemory
            ? ", the most that the locked-memory limit allows"
            : isReducedByMemory ? ", an eighth of the free memory" : ""
        let more =
            isReducedByLockedMemory || isReducedByMemory
            ? "" : " A pool costs address space until it is used, so take more when receives starve."
        return
            "Begin with \(buffers) buffers of \(Amount.bytes(bufferSize)) (\(Amount.bytes(byteCount)))\(cause), and a queue of "
            + "\(queueEntries) requests.\(more)"
    }

    func backing(on machine: Machine) -> String {
        let ordinary = "Back it with ordinary pages (anonymousMap): memory then follows the load."
        if let pool = machine.hugePages.first(where: { $0.free * $0.pageBytes >= byteCount }) {
            return
                "\(ordinary) \(pool.free) huge pages of \(Amount.bytes(pool.pageBytes)) are free (hugePages): worth it for "
                + "pools that are busy as a whole."
        }
        switch machine.transparentHugePages {
        case "always":
            return
                "\(ordinary) Transparent huge pages are always on here, so a pool may become resident 2 MiB at a time."
        case "madvise":
            return
                "\(ordinary) For pools that are busy as a whole ask for transparent huge pages (transparentHugePages), "
                + "which this machine gives on advice; none are reserved."
        default: return "\(ordinary) This machine has no huge pages to offer."
        }
    }

    /// About fixed buffers for zero-copy sends; `nil` when there is nothing to say.
    func zeroCopy(on machine: Machine, _ kernel: KernelCapabilities) -> String? {
        guard kernel.has(.zeroCopySend) else {
            return "Sends copy: zero-copy sends need Linux \(KernelFeature.zeroCopySend.since)."
        }
        let plan = plan.and(.fixedBuffers(bytes: byteCount))
        guard kernel.has(.fixedBuffers), !machine.budget.fits(plan) else { return nil }
        let needed = machine.budget.limitNeeded(for: plan) / 1024
        return "Fixed buffers for zero-copy sends would pin the whole pool (\(Amount.bytes(byteCount))), which the "
            + "locked-memory limit does not allow: they need ulimit -l \(needed), or LimitMEMLOCK=\(needed)K."
    }
}
