// The diagnosis for a person.

import UringBuffers

enum DiagnosisText {
    static func render(_ diagnosis: Diagnosis) -> String {
        let machine = diagnosis.machine
        var lines = [row("kernel", kernel(machine)), row("io_uring", ring(machine))]
        if machine.failure == nil { lines += capabilities(diagnosis) }
        lines += [
            row("locked memory", lockedMemory(machine)),
            row("descriptors", descriptors(machine.descriptors)),
            row("huge pages", hugePages(machine)),
        ]
        lines += list("advice", diagnosis.advice)
        let verdict: String =
            switch diagnosis.verdict {
            case .usable: "usable: pools work here with everything that they use"
            case .limited: "limited: pools work here, with less than they could have"
            case .unusable: "unusable: pools do not work here"
            }
        lines.append(row("verdict", verdict))
        lines += diagnosis.reasons.flatMap { wrapped("- " + $0, hanging: 2).map { indent + $0 } }
        return lines.joined(separator: "\n")
    }

    private static func kernel(_ machine: Machine) -> String {
        "Linux \(machine.kernel)\(machine.isSimulated ? " (simulated)" : "") on \(machine.architecture), "
            + "\(machine.processors) processors, \(Amount.bytes(machine.availableBytes)) of "
            + "\(Amount.bytes(machine.memoryBytes)) memory free"
    }

    private static func ring(_ machine: Machine) -> String {
        let works = machine.failure.map { "no ring can be made (\($0.symbol))" } ?? "a ring can be made"
        let sysctl =
            switch machine.disabled {
            case 0: "kernel.io_uring_disabled is 0 (nobody is kept out)"
            case 1: "kernel.io_uring_disabled is 1 (group \(machine.group ?? -1) and CAP_SYS_ADMIN only)"
            case 2: "kernel.io_uring_disabled is 2 (everybody is kept out)"
            case let other?: "kernel.io_uring_disabled is \(other)"
            case nil: "this kernel has no switch for it"
            }
        return "\(works); \(sysctl)\(machine.isFiltered ? "; a seccomp filter is on" : "")"
    }

    private static func capabilities(_ diagnosis: Diagnosis) -> [String] {
        let kernel = diagnosis.machine.capabilities
        let can = KernelFeature.allCases.filter(kernel.has).map(FeatureNames.name)
        let cannot = KernelFeature.allCases.filter { !kernel.has($0) }
            .map { "\(FeatureNames.name(of: $0)) (Linux \($0.since))" }
        var lines = rows("can", can.isEmpty ? "nothing that was asked for" : can.joined(separator: ", "))
        if !cannot.isEmpty { lines += rows("cannot", cannot.joined(separator: ", ")) }
        if kernel.has(.fixedBuffers) {
            lines.append(
                row(
                    "fixed buffers",
                    "\(kernel.fixedBufferSlots) slots of at most \(Amount.bytes(KernelCapabilities.fixedBufferBytes))"))
        }
        lines.append(row("best mode", FeatureNames.name(of: diagnosis.usable.bestMode)))
        let bugs = bugs(diagnosis.quirks)
        return lines + (bugs.isEmpty ? [row("known bugs", "none")] : list("known bugs", bugs))
    }

    private static func bugs(_ quirks: [Quirk]) -> [String] {
        var bugs = quirks.filter { !$0.isAlwaysRefused }.map { quirk in
            let off = quirk.switchedOff.map(\.rawValue).sorted().joined(separator: ", ")
            return "\(quirk.id): \(quirk.problem) Do not use \(off). See \(quirk.reference)."
        }
        let refused = quirks.filter(\.isAlwaysRefused).map(\.id)
        if !refused.isEmpty {
            bugs.append("this library refuses what these would spoil: \(refused.joined(separator: ", "))")
        }
        return bugs
    }

    private static func lockedMemory(_ machine: Machine) -> String {
        let budget = machine.budget
        guard let limit = budget.limit else { return "no limit" }
        let most = budget.hardLimit.map { "to \(Amount.bytes($0))" } ?? "at will"
        let text = "limit \(Amount.bytes(limit))\(budget.hardLimit == limit ? "" : " (can be raised \(most))"); "
        if budget.isExempt { return text + "not charged to this user (CAP_IPC_LOCK)" }
        let needed = budget.charge(for: PoolSuggestion.usualPlan)
        return text + "at most \(Amount.bytes(budget.available ?? limit)) left, the usual pool needs "
            + "\(needed == 0 ? "none" : Amount.bytes(needed))"
    }

    private static func descriptors(_ limits: (soft: Int, hard: Int)) -> String {
        let most = limits.hard == .max ? "at will" : "to \(limits.hard)"
        return "limit \(limits.soft)" + (limits.soft == limits.hard ? "" : " (can be raised \(most))")
    }

    private static func hugePages(_ machine: Machine) -> String {
        let pools = machine.hugePages.map { "\(Amount.bytes($0.pageBytes)): \($0.free) of \($0.total) free" }
        let transparent = "transparent: \(machine.transparentHugePages ?? "not in this kernel")"
        return (pools + [transparent]).joined(separator: "; ")
    }

    // MARK: Layout

    private static let width = 100
    private static let indent = String(repeating: " ", count: 15)

    private static func row(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, indent.count - name.count)) + text
    }

    private static func rows(_ name: String, _ text: String) -> [String] {
        wrapped(text, hanging: 0).enumerated().map { $0 == 0 ? row(name, $1) : indent + $1 }
    }

    private static func list(_ name: String, _ items: [String]) -> [String] {
        items.flatMap { wrapped("- " + $0, hanging: 2) }.enumerated().map { $0 == 0 ? row(name, $1) : indent + $1 }
    }

    private static func wrapped(_ text: String, hanging: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = String(repeating: " ", count: hanging) + word
            } else {
                line += line.isEmpty ? String(word) : " \(word)"
            }
        }
        return lines + [line]
    }
}
