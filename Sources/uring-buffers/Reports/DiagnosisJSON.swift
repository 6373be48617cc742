// The diagnosis as one line of JSON. Names of features, combinations and modes are those of the library.

import UringBuffers

enum DiagnosisJSON {
    static func render(_ diagnosis: Diagnosis) -> String {
        let machine = diagnosis.machine
        return JSON.object([
            ("verdict", .string("\(diagnosis.verdict)")), ("exit_code", .number(diagnosis.verdict.rawValue)),
            ("reasons", .array(diagnosis.reasons.map { .string($0) })),
            ("advice", .array(diagnosis.advice.map { .string($0) })), ("kernel", kernel(machine)),
            ("io_uring", ring(machine)), ("capabilities", capabilities(diagnosis)),
            ("quirks", .array(diagnosis.quirks.map(quirk))), ("locked_memory", lockedMemory(machine)),
            (
                "descriptors",
                .object([("soft", .number(machine.descriptors.soft)), ("hard", .number(machine.descriptors.hard))])
            ),
            (
                "memory",
                .object([("total", .number(machine.memoryBytes)), ("available", .number(machine.availableBytes))])
            ), ("huge_pages", .array(machine.hugePages.map(hugePages))),
            ("transparent_huge_pages", machine.transparentHugePages.map { .string($0) } ?? .null),
            ("suggestion", diagnosis.suggestion.map(suggestion) ?? .null),
        ]).text
    }

    private static func kernel(_ machine: Machine) -> JSON {
        .object([
            ("text", .string(machine.kernel)), ("release", .string(machine.release.description)),
            ("architecture", .string(machine.architecture)), ("processors", .number(machine.processors)),
            ("simulated", .bool(machine.isSimulated)),
        ])
    }

    private static func ring(_ machine: Machine) -> JSON {
        .object([
            ("works", .bool(machine.failure == nil)), ("error", machine.failure.map { .string($0.symbol) } ?? .null),
            ("disabled", .number(machine.disabled)), ("group", .number(machine.group)),
            ("seccomp", .bool(machine.isFiltered)),
        ])
    }

    private static func capabilities(_ diagnosis: Diagnosis) -> JSON {
        let found = diagnosis.machine.capabilities
        return .object([
            ("features", .array(KernelFeature.allCases.filter(found.has).map { .string($0.rawValue) })),
            ("usable", .array(KernelFeature.allCases.filter(diagnosis.usable.has).map { .string($0.rawValue) })),
            ("fixed_buffer_slots", .number(found.fixedBufferSlots)),
            ("fixed_buffer_bytes", .number(found.has(.fixedBuffers) ? KernelCapabilities.fixedBufferBytes : 0)),
            ("best_mode", .string(diagnosis.usable.bestMode.rawValue)),
        ])
    }

    private static func quirk(_ quirk: Quirk) -> JSON {
        .object([
            ("id", .string(quirk.id)), ("problem", .string(quirk.problem)),
            ("switched_off", .array(quirk.switchedOff.map(\.rawValue).sorted().map { .string($0) })),
            ("always_refused", .bool(quirk.isAlwaysRefused)), ("reference", .string(quirk.reference)),
        ])
    }

    private static func lockedMemory(_ machine: Machine) -> JSON {
        .object([
            ("limit", .number(machine.budget.limit)), ("hard_limit", .number(machine.budget.hardLimit)),
            ("exempt", .bool(machine.budget.isExempt)), ("rings_charged", .bool(machine.budget.chargesRings)),
            ("pinned", .number(machine.budget.pinnedBytes)), ("available", .number(machine.budget.available)),
            ("usual_pool", .number(machine.budget.charge(for: PoolSuggestion.usualPlan))),
        ])
    }

    private static func hugePages(_ pool: HugePagePool) -> JSON {
        .object([
            ("page_bytes", .number(pool.pageBytes)), ("total", .number(pool.total)), ("free", .number(pool.free)),
        ])
    }

    private static func suggestion(_ suggestion: PoolSuggestion) -> JSON {
        .object([
            ("buffers", .number(suggestion.buffers)), ("buffer_size", .number(suggestion.bufferSize)),
            ("queue_entries", .number(suggestion.queueEntries)), ("backing", .string("anonymousMap")),
        ])
    }
}
