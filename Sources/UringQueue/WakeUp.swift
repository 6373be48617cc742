// Ending another thread's wait.

internal import CUring
import Glibc
public import UringBuffers

/// Wakes the thread that waits on a queue, from any thread (`eventfd`).
///
/// Wake-ups that come before the queue looks are one wake-up. Works after the queue is gone, without effect.
public final class WakeUp: Sendable {
    let descriptor: Int32

    init() throws(UringError) {
        let made = curing_eventfd()
        guard made >= 0 else { throw UringError(.createWakeUp, errno: -made) }
        descriptor = made
    }

    deinit { curing_close(descriptor) }

    /// Makes the queue's current or next wait return.
    public func wake() {
        var one: UInt64 = 1
        // Safe: an eventfd takes exactly the eight bytes; it is full only when a wake-up is pending anyway.
        if curing_fails(CURING_CALL_EVENTFD_WRITE) == 0 { _ = unsafe write(descriptor, &one, 8) }
    }

    func clear() {
        var count: UInt64 = 0
        // Safe: reads the eight bytes; the descriptor does not block.
        if curing_fails(CURING_CALL_EVENTFD_READ) == 0 { _ = unsafe read(descriptor, &count, 8) }
    }
}

extension UringQueue {
    /// A handle that other threads can end this queue's wait with. The same one every time.
    public func makeWakeUp() throws(UringError) -> WakeUp {
        if let made = unsafe state.pointee.wakeUp { return made }
        let made = try WakeUp()
        unsafe state.pointee.wakeUp = made
        unsafe state.pointee.armWakeUp()
        return made
    }

    /// Whether a wake-up arrived since the last call.
    public func takeWakeUp() -> Bool {
        defer { unsafe state.pointee.wasWoken = false }
        return unsafe state.pointee.wasWoken
    }
}

extension QueueState {
    mutating func armWakeUp() {
        guard let wakeUp else { return }
        push(.pollMultishot(wakeUp.descriptor, tag: InternalTag.wakeUp.rawValue))
    }
}
