// How much memory the process used.

import Glibc

enum ProcessMemory {
    /// The most bytes that were ever resident (`getrusage`).
    static var peakResidentBytes: Int {
        var usage = rusage()
        // Safe: the call writes the one structure.
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        return usage.ru_maxrss * 1024
    }
}
