// What the doctor looks at: facts about one machine and this process, without any judgement.

import UringBuffers

struct Machine {
    /// The kernel's own words for its release, and the numbers in them.
    var kernel = ""
    var release = KernelRelease(0, 0)
    var architecture = ""
    var processors = 0
    /// Whether the kernel is one that was named on the command line.
    var isSimulated = false

    /// Why no ring could be made; `nil` when one was.
    var failure: UringError?
    var capabilities = KernelCapabilities.nothing
    /// The sysctl kernel.io_uring_disabled (Linux 6.6): 0 everybody may, 1 a group and the privileged, 2 nobody.
    var disabled: Int?
    /// The sysctl kernel.io_uring_group: who still may when it is 1; -1 is nobody.
    var group: Int?
    /// Whether a seccomp filter looks at our system calls.
    var isFiltered = false

    var budget = MemlockBudget(limit: nil)
    var descriptors = (soft: 0, hard: 0)

    var memoryBytes = 0
    var availableBytes = 0
    var hugePages: [HugePagePool] = []
    /// The word of /sys/kernel/mm/transparent_hugepage/enabled: always, madvise or never.
    var transparentHugePages: String?
}

struct HugePagePool {
    var pageBytes: Int
    var total: Int
    var free: Int
}
