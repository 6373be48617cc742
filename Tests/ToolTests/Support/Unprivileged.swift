// The tool as a user without privileges, whose locked memory is limited.

import Foundation
import Synchronization
import Testing

enum Unprivileged {
    /// Users that own nothing and no other process, one for each start: the kernel counts locked memory by user, and
    /// gives that of an ended process back a while later.
    private static let users = Atomic<Int>(61_000)

    static func newUser() -> Int { users.add(1, ordering: .relaxed).newValue }

    /// What to put before a program's path so that a user runs it under that limit.
    static func wrapper(lockedKiB: Int, user: Int = newUser()) -> [String] {
        ["/bin/sh", "-c", "ulimit -l \(lockedKiB) && exec setpriv --reuid \(user) --clear-groups \"$@\"", "sh"]
    }

    /// The tool where that user may run it: the build's directory may be private. Removed when the tests end.
    static let tool: String = {
        let copy = "/tmp/uring-buffers-unprivileged-\(getpid())"
        try? FileManager.default.removeItem(atPath: copy)
        try? FileManager.default.copyItem(atPath: ToolBinary.path, toPath: copy)
        try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: copy)
        atexit { try? FileManager.default.removeItem(atPath: "/tmp/uring-buffers-unprivileged-\(getpid())") }
        return copy
    }()
}

extension Trait where Self == ConditionTrait {
    /// Skips loudly where the user cannot be changed.
    static func unprivileged(_ what: String) -> Self {
        .enabled(if: Skip.unless(geteuid() == 0, what, "changing the user needs root: run the tests as root"))
    }
}
