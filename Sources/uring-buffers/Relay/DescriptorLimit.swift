// The number of open descriptors that the process may have.

import Glibc

enum DescriptorLimit {
    /// Raises the soft limit to the hard one: each proxied connection needs two descriptors.
    static func raise() {
        var limit = rlimit()
        // Safe: both calls use the one structure.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
