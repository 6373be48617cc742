// What the facts mean: a verdict with its reasons, a pool that fits, and advice.

import UringBuffers

struct Diagnosis {
    /// In the order of exit codes.
    enum Verdict: Int {
        case usable, limited, unusable
    }

    let machine: Machine
    /// What the kernel can do without what its known bugs spoil.
    let usable: KernelCapabilities
    let quirks: [Quirk]
    let suggestion: PoolSuggestion?
    private(set) var verdict = Verdict.usable
    /// Why the verdict is not better; whole sentences.
    private(set) var reasons: [String] = []
    /// What to do or to know; whole sentences.
    private(set) var advice: [String] = []

    /// `tryOut` makes a pool for real and tells the error.
    init(_ machine: Machine, tryOut: (PoolSuggestion, BufferMode) -> UringError?) {
        self.machine = machine
        usable = machine.capabilities.usable(on: machine.release)
        quirks = machine.failure == nil ? machine.capabilities.quirks(for: machine.release) : []
        suggestion = machine.failure == nil ? PoolSuggestion(for: machine, usable) : nil
        judgeKernel()
        judgeLimits()
        let mode = usable.bestMode(from: .wholeBuffers)
        if let suggestion { judgeTrial(of: suggestion) { tryOut($0, mode) } }
        advise()
    }

    private mutating func worsen(to verdict: Verdict, _ reason: String) {
        if verdict.rawValue > self.verdict.rawValue { self.verdict = verdict }
        reasons.append(reason)
    }

    // MARK: The kernel

    private mutating func judgeKernel() {
        if let failure = machine.failure {
            worsen(to: .unusable, "No io_uring can be made: \(failure.symbol). \(remedy(for: failure))")
            return
        }
        guard usable.bestMode.usesRing else {
            worsen(to: .limited, "No buffer rings (\(cause(of: .bufferRings))): \(whatIsLeft).")
            return
        }
        for (feature, loss) in Diagnosis.wanted where !usable.has(feature) {
            worsen(to: .limited, "No \(FeatureNames.name(of: feature)) (\(cause(of: feature))): \(loss).")
        }
    }

    /// Why the kernel cannot do something.
    private func cause(of feature: KernelFeature) -> String {
        if machine.capabilities.has(feature) { return "a known bug of this kernel spoils it" }
        return machine.release < feature.since
            ? "Linux \(feature.since) brings that"
            : "Linux \(feature.since) brought that: this kernel was built without, or a filter refuses it"
    }

    /// What a pool uses by itself where it is there.
    private static let wanted: [(KernelFeature, String)] = [
        (.multishotReceive, "each receive must be armed again"),
        (.deferredTaskRun, "the kernel interrupts the thread for each completion"),
        (.ringHead, "the books cannot be compared with the kernel's"),
        (.bundles, "each completion brings one buffer only"),
        (.incremental, "each message takes a whole buffer, however small it is"),
    ]

    private var whatIsLeft: String {
        usable.bestMode == .providedBuffers
            ? "groups fall back to IORING_OP_PROVIDE_BUFFERS, where each receive and the return of each buffer is a request"
            : "groups fall back to polling, and to a system call for each receive"
    }

    private func remedy(for failure: UringError) -> String {
        switch failure.symbol {
        case "EPERM":
            if machine.disabled == 2 {
                return "The sysctl kernel.io_uring_disabled is 2, which forbids it to everybody: set it to 0, or to 1."
            }
            if machine.disabled == 1 {
                let members =
                    machine.group.flatMap { $0 >= 0 ? "members of group \($0)" : nil } ?? "a group (there is none)"
                return "The sysctl kernel.io_uring_disabled is 1, which leaves it to \(members) and to CAP_SYS_ADMIN: "
                    + "join the group that kernel.io_uring_group names, or set kernel.io_uring_disabled to 0."
            }
            return "No sysctl forbids it, so "
                + (machine.isFiltered ? "the seccomp filter of this process" : "a filter or security module")
                + " does: allow io_uring_setup, io_uring_enter and io_uring_register (Docker: a seccomp profile of your "
                + "own, or --security-opt seccomp=unconfined)."
        case "ENOSYS" where machine.release >= KernelRelease(6, 1):
            return
                "This release of Linux can have it: the kernel was built without (CONFIG_IO_URING), or a filter, such as a "
                + "container's, hides it."
        case "ENOMEM": return machine.budget.explain(PoolSuggestion.smallestPlan)
        default: return failure.remedy
        }
    }

    // MARK: Limits

    private mutating func judgeLimits() {
        guard machine.failure == nil else { return }
        if let suggestion {
            if suggestion.isReducedByLockedMemory {
                worsen(
                    to: .limited,
                    "Locked memory is scarce: the usual pool of \(PoolSuggestion.usualBuffers) buffers does not fit. "
                        + machine.budget.explain(PoolSuggestion.usualPlan))
            }
        } else {
            worsen(to: .unusable, "No pool fits. \(machine.budget.explain(PoolSuggestion.smallestPlan))")
        }
        if machine.descriptors.hard < 1024 {
            worsen(
                to: .limited,
                "At most \(machine.descriptors.hard) descriptors may be open, one for each connection and two in a proxy: "
                    + "raise the limit (ulimit -n, or LimitNOFILE=).")
        }
    }

    /// What is predicted to fit may be held by others of this user.
    private mutating func judgeTrial(of suggestion: PoolSuggestion, _ tryOut: (PoolSuggestion) -> UringError?) {
        guard let error = tryOut(suggestion) else { return }
        let explanation =
            error.symbol == "ENOMEM"
            ? "ENOMEM. \(machine.budget.explain(suggestion.plan))" : "\(error.symbol). \(error.remedy)"
        let isSmallPossible = tryOut(.smallest) == nil
        worsen(
            to: isSmallPossible ? .limited : .unusable,
            "\(isSmallPossible ? "Only a smaller pool than suggested" : "No pool") can be made now: \(explanation)")
    }

    // MARK: Advice

    private mutating func advise() {
        guard let suggestion else { return }
        advice.append(suggestion.sentence)
        advice.append(suggestion.backing(on: machine))
        advice.append(consumption)
        if usable.has(.bundles), !usable.has(.receiveBudget) {
            advice.append(
                "Receives have no budget (Linux \(KernelFeature.receiveBudget.since)): one fast sender can take up to 256 "
                    + "buffers more than it was asked for. Keep a reserve, or pools of at least 1024 buffers.")
        }
        if let sentence = suggestion.zeroCopy(on: machine, usable) { advice.append(sentence) }
        if machine.descriptors.soft < machine.descriptors.hard, machine.descriptors.soft <= 1024 {
            advice.append(
                "The soft limit of descriptors is \(machine.descriptors.soft): a server should raise it to the hard limit "
                    + "when it starts, as this tool does.")
        }
    }

    private var consumption: String {
        switch usable.bestMode {
        case .incrementalWithMinimum:
            "For many small messages use incremental consumption (one buffer of 64 KiB holds hundreds); for datagrams give "
                + "it a minimumLeft of the largest one."
        case .incremental:
            "For streams of many small messages use incremental consumption; for datagrams use whole buffers, because "
                + "this kernel cannot end a buffer early."
        case .wholeBuffers: "Use whole buffers: this kernel offers nothing else."
        case .providedBuffers, .callerChosen:
            "Make groups with BufferGroup(on: queue, mode: .\(usable.bestMode.rawValue)): the handles are the same."
                + (machine.release < KernelRelease(5, 19)
                    ? " The servers of this tool need Linux 5.19, for multishot accepts." : "")
        }
    }
}
