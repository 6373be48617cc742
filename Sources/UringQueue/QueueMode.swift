// How the kernel runs a queue's deferred work.

internal import CUring

/// The set-up of a ring: which thread runs the kernel's deferred work, and when.
public enum QueueMode: String, Hashable, Sendable, CaseIterable {
    /// The newest that the kernel accepts of those below.
    case automatic
    /// Only while the owner waits (`IORING_SETUP_DEFER_TASKRUN` with `SINGLE_ISSUER`, Linux 6.1): one thread only.
    case deferred
    /// Whenever the owner enters the kernel (`IORING_SETUP_COOP_TASKRUN`, Linux 5.19).
    case cooperative
    /// By interrupting the owner.
    case plain

    /// The modes to try in turn.
    var ladder: [QueueMode] { self == .automatic ? [.deferred, .cooperative, .plain] : [self] }

    var setupFlags: UInt32 {
        switch self {
        case .automatic, .plain: 0
        case .cooperative: CURING_SETUP_COOP_TASKRUN | CURING_SETUP_SUBMIT_ALL
        case .deferred: CURING_SETUP_SINGLE_ISSUER | CURING_SETUP_DEFER_TASKRUN | CURING_SETUP_SUBMIT_ALL
        }
    }
}
