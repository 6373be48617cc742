// Waking the owner when a buffer comes back on another thread while receives wait for one.

internal import Synchronization

/// One bit between the owner, who is about to wait, and whoever returns a buffer.
///
/// The owner sets the bit and then looks at the return stack; a return pushes and then looks at the bit. With a full
/// fence between the two steps on both sides, at least one of them sees the other: no return is slept through.
final class ReturnSignal: Sendable {
    private let isNeeded = Atomic<Bool>(false)
    private let wake: @Sendable () -> Void

    init(_ wake: @escaping @Sendable () -> Void) { self.wake = wake }

    /// The owner waits for buffers. `isThere` tells whether something was returned.
    func arm(isThere: () -> Bool) {
        isNeeded.store(true, ordering: .relaxed)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if isThere() { fire() }
    }

    /// Something was returned.
    func returned() {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        if isNeeded.load(ordering: .relaxed) { fire() }
    }

    private func fire() {
        if isNeeded.exchange(false, ordering: .relaxed) { wake() }
    }
}
