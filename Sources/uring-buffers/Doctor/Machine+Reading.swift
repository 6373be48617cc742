// Reading the facts: system calls, /proc and /sys.

import Glibc
import UringBuffers

extension Machine {
    /// This machine as it is now. Makes a throw-away ring, or learns why it cannot.
    static func read() -> Machine {
        var machine = Machine()
        machine.kernel = KernelRelease.currentText
        machine.release = .current
        machine.architecture = architectureName()
        machine.processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        machine.disabled = number("/proc/sys/kernel/io_uring_disabled")
        machine.group = number("/proc/sys/kernel/io_uring_group")
        machine.isFiltered = value(of: "Seccomp:", in: "/proc/self/status") == 2
        machine.budget = .current()
        machine.descriptors = descriptorLimits()
        machine.memoryBytes = (value(of: "MemTotal:", in: "/proc/meminfo") ?? 0) * 1024
        machine.availableBytes = (value(of: "MemAvailable:", in: "/proc/meminfo") ?? 0) * 1024
        // A control group of its own, as in a container.
        if let most = number("/sys/fs/cgroup/memory.max"), most < machine.memoryBytes {
            machine.memoryBytes = most
            machine.availableBytes = min(
                machine.availableBytes, max(0, most - (number("/sys/fs/cgroup/memory.current") ?? 0)))
        }
        machine.hugePages = [2048, 1_048_576].compactMap { kibibytes in
            let directory = "/sys/kernel/mm/hugepages/hugepages-\(kibibytes)kB/"
            guard let total = number(directory + "nr_hugepages"), let free = number(directory + "free_hugepages")
            else { return nil }
            return HugePagePool(pageBytes: kibibytes * 1024, total: total, free: free)
        }
        machine.transparentHugePages = SystemFile.text("/sys/kernel/mm/transparent_hugepage/enabled")
            .split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("[") }.map { String($0.dropFirst().dropLast()) }
        do throws(UringError) {
            machine.capabilities = try LockedMemory.patiently(KernelCapabilities.probe)
        } catch {
            machine.failure = error
        }
        return machine
    }

    /// This machine with another kernel, which has what that release brought but for `missing`.
    func simulating(_ kernel: KernelRelease, without missing: Set<KernelFeature>) -> Machine {
        var other = self
        other.kernel = kernel.description
        other.release = kernel
        other.isSimulated = true
        let features = KernelCapabilities.documented(for: kernel).features.subtracting(missing)
        other.capabilities = KernelCapabilities(features)
        other.budget.chargesRings = kernel >= KernelRelease(6, 14)
        if kernel < KernelRelease(6, 6) { (other.disabled, other.group) = (nil, nil) }
        other.failure = kernel < KernelRelease(5, 1) ? UringError(.createQueue, errno: ENOSYS) : failure
        return other
    }

    private static func number(_ path: String) -> Int? { Int(SystemFile.text(path).filter { !$0.isWhitespace }) }

    /// The number behind a name at the start of a line.
    private static func value(of name: String, in path: String) -> Int? {
        for line in SystemFile.text(path).split(separator: "\n") where line.hasPrefix(name) {
            return line.dropFirst(name.count).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
        }
        return nil
    }

    /// No limit is `Int.max`.
    private static func descriptorLimits() -> (soft: Int, hard: Int) {
        var limit = rlimit()
        // Safe: the call writes the one structure.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return (0, 0) }
        return (Int(clamping: limit.rlim_cur), Int(clamping: limit.rlim_max))
    }

    private static func architectureName() -> String {
        var names = utsname()
        // Safe: uname fills the structure with strings that end in a zero.
        guard unsafe uname(&names) == 0 else { return "" }
        return unsafe withUnsafeBytes(of: &names.machine) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
