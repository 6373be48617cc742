// The diagnosis for a person.

import UringBuffers

enum DiagnosisText {
    static func render(_ diagnosis: Diagnosis) -> String {
        let machine = diagnosis.machine
        var lines = [row("kernel", kernel(machine)), row("io_uring", ring(machine))]
        if machine.failure == nil { lines += capabilities(diagnosis) }
        lines += [
            row("locked memory", lockedMemory(machine)),
            row("descriptors", "\(machine.descriptors.soft) may be open, the limit can be raised to \(machine.descriptors.hard)"),
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
            case 0: "open to everybody (kernel.io_uring_disabled = 0)"
            case 1: "kept to group \(machine.group ?? -1) and CAP_SYS_ADMIN (kernel.io_uring_disabled = 1)"
            case 2: "forbidden to everybody (kernel.io_uring_disabled = 2)"
            case let other?: "kernel.io_uring_disabled = \(other)"
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
        let bugs = diagnosis.quirks.map { quirk in
            let off = quirk.switchedOff.map(\.rawValue).sorted().joined(separator: ", ")
            let what = quirk.isAlwaysRefused ? "refused by this library everywhere" : "do not use"
            return "\(quirk.id): \(quirk.problem) (\(what): \(off); \(quirk.reference))"
        }
        return lines + (bugs.isEmpty ? [row("known bugs", "none")] : list("known bugs", bugs))
    }

    private static func lockedMemory(_ machine: Machine) -> String {
        let budget = machine.budget
        guard let limit = budget.limit else { return "no limit" }
        let most = budget.hardLimit.map { Amount.bytes($0) } ?? "any size"
        let text = "\(Amount.bytes(limit)), the limit can be raised to \(most); "
        if budget.isExempt { return text + "not charged to this user (CAP_IPC_LOCK)" }
        let needed = budget.charge(for: PoolSuggestion.usualPlan)
        return text + "at most \(Amount.bytes(budget.available ?? limit)) left, the usual pool needs "
            + "\(needed == 0 ? "none" : Amount.bytes(needed))"
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
