// What the user may lock, what the kernel charges to that, and what is wrong when it says ENOMEM.

internal import CUring
import Glibc

/// The locked-memory limit (`RLIMIT_MEMLOCK`) as io_uring sees it: a plain value, read from the kernel or made by hand.
///
/// Charged are the memory of queues and buffer rings (Linux 6.14), memory regions, and fixed buffers, in whole pages.
/// Not charged are the data buffers of a group. The charge is the *user's*: all processes of one user share it, each
/// compares it with its own limit, and nothing tells how much the others hold. What a buffer ring or a slot held comes
/// back at once; a closed io_uring's comes back later (15 ms, measured). Whether a ring is charged at all is decided when it is
/// made: not when its maker has `CAP_IPC_LOCK`.
public struct MemlockBudget: Hashable, Sendable {
    /// Bytes that may be charged; `nil` without a limit.
    public var limit: Int?
    /// What the limit may be raised to without privileges; `nil` without a limit.
    public var hardLimit: Int?
    /// Whether rings that this thread makes are not charged.
    public var isExempt: Bool
    /// Whether the kernel charges the memory of rings. Regions and fixed buffers are charged by all.
    public var chargesRings: Bool
    /// Bytes that this process has pinned (`VmPin`): fixed buffers, for one. Its rings are not among them.
    public var pinnedBytes: Int

    /// Made by hand.
    public init(
        limit: Int?, hardLimit: Int? = nil, isExempt: Bool = false, chargesRings: Bool = true, pinnedBytes: Int = 0
    ) {
        self.limit = limit
        self.hardLimit = hardLimit
        self.isExempt = isExempt
        self.chargesRings = chargesRings
        self.pinnedBytes = pinnedBytes
    }

    /// The first release that charges the memory of rings.
    static let chargesRingsSince = KernelRelease(6, 14)

    /// Of this process, now. Reads /proc: 0.1 ms.
    public static func current() -> MemlockBudget {
        let status = ProcessStatus.read()
        return MemlockBudget(
            limit: bytes(curing_locked_memory_limit()), hardLimit: bytes(curing_locked_memory_hard_limit()),
            isExempt: status.mayLockMemory,
            chargesRings: KernelRelease.current >= chargesRingsSince, pinnedBytes: status.pinnedBytes)
    }

    private static func bytes(_ limit: UInt64) -> Int? { limit == .max ? nil : Int(clamping: limit) }

    /// What is left at most: the limit less what this process is known to hold, `nil` when nothing is charged. Other
    /// processes of the user may hold some of it.
    public var available: Int? {
        guard !isExempt, let limit else { return nil }
        return max(0, limit - pinnedBytes)
    }

    /// Bytes that the kernel charges for something.
    public func charge(for item: MemlockPlan.Item) -> Int {
        isExempt || item.isRing && !chargesRings ? 0 : item.bytes
    }

    /// Bytes that the kernel charges for all of it.
    public func charge(for plan: MemlockPlan) -> Int { plan.items.reduce(0) { $0 + charge(for: $1) } }

    /// Whether there is room for all of it, if nobody else of this user holds any.
    public func fits(_ plan: MemlockPlan) -> Bool { available.map { charge(for: plan) <= $0 } ?? true }

    /// The limit that would be enough, if what is charged now stays.
    public func limitNeeded(for plan: MemlockPlan) -> Int {
        let needed = pinnedBytes + charge(for: plan)
        // The limit would do for us alone, so something that we cannot see has its part of it.
        return limit.map { $0 < needed ? needed : $0 + charge(for: plan) } ?? needed
    }

    /// Why the kernel answers `ENOMEM` to a part of the plan, with numbers, and what to do: three or four sentences.
    public func explain(_ plan: MemlockPlan) -> String {
        let parts = plan.items.map { ($0, charge(for: $0)) }.filter { $0.1 > 0 }
        guard !isExempt, let limit, !parts.isEmpty else {
            return
                "No locked-memory limit applies to this: the machine, or the process's control group, is out of memory."
        }
        let list = parts.map { "\($0.0): \(Self.kibibytes($0.1))" }.joined(separator: ", ")
        let needed = charge(for: plan)
        let held = pinnedBytes > 0 ? " (this process holds \(Self.kibibytes(pinnedBytes)) of it)" : ""
        let isEnough = fits(plan)
        let others = isEnough ? " Other rings of this user, or rings closed a moment ago, hold the rest." : ""
        let enough = limitNeeded(for: plan) / 1024
        return "The locked-memory limit of \(Self.kibibytes(limit))\(held) is \(isEnough ? "used up" : "too small"). "
            + "This needs \(Self.kibibytes(needed)) (\(list)).\(others) "
            + "Raise the limit to at least \(enough) KiB (ulimit -l \(enough), or LimitMEMLOCK=\(enough)K)."
    }

    /// Why the kernel answers `ENOMEM` to `item`: small enough for an error.
    func cause(for item: MemlockPlan.Item) -> UringError.Cause {
        guard !isExempt, let limit, charge(for: item) > 0 else { return .outOfMemory }
        return .lockedMemory(needed: UInt32(clamping: charge(for: item) / 1024), limit: UInt32(clamping: limit / 1024))
    }

    private static func kibibytes(_ bytes: Int) -> String { "\((bytes + 1023) / 1024) KiB" }
}

extension UringError {
    /// The kernel's answer to something that it may charge to the locked-memory limit. For `ENOMEM` this reads the limit.
    package init(_ operation: Operation, errno: Int32, charging item: MemlockPlan.Item) {
        self.init(
            operation, errno: errno, cause: errno == ENOMEM ? MemlockBudget.current().cause(for: item) : .kernel)
    }
}
