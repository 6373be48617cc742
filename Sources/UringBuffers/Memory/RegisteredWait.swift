// How long to wait, kept where the kernel reads it: in a slot of a memory region.

internal import CUring
import Glibc

/// The signals that a wait blocks, in place of the thread's own (as in `ppoll`).
@frozen
public struct SignalMask: Hashable, Sendable {
    /// The kernel's form: signal n is bit n − 1.
    public let rawValue: UInt64

    @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Traps on numbers outside 1...64.
    public init(blocking signals: [Int32]) {
        var mask: UInt64 = 0
        for signal in signals {
            demand((1...64).contains(signal), "\(signal) is not a signal")
            mask |= 1 << UInt64(signal - 1)
        }
        rawValue = mask
    }
}

/// One wait, as the kernel reads it from a slot of a ``MemoryRegion`` (`struct io_uring_reg_wait`).
///
/// An ordinary wait with a time has its argument copied from two places by the kernel each time; a slot is read in place,
/// and equal waits need no writing. The flag that makes the kernel read a slot (`IORING_ENTER_EXT_ARG_REG`) is ignored
/// without another one (`IORING_ENTER_EXT_ARG`), and the wait then lasts for ever: so neither is offered, only
/// ``MemoryRegion/wait(slot:submitting:for:)``, which passes both. The slot's own flag, whether it holds a time, follows
/// from ``timeout``; its padding is 0.
@frozen
public struct RegisteredWait: Hashable, Sendable {
    /// The longest wait; `nil` for no limit. 0 only looks. Negative is 0, and 136 years are the most.
    public var timeout: Duration?
    /// Once this has passed one completion is enough; before that, as many as are waited for. Whole microseconds, rounded
    /// up; below 4295 seconds.
    public var minimumWait: Duration
    /// The signals to block meanwhile; `nil` leaves the thread's own blocked.
    public var signalMask: SignalMask?

    public init(timeout: Duration? = nil, minimumWait: Duration = .zero, signalMask: SignalMask? = nil) {
        self.timeout = timeout
        self.minimumWait = minimumWait
        self.signalMask = signalMask
    }
}

extension MemoryRegion {
    /// Writes how the waits of a slot go, from the next on. Until then they have no limit.
    ///
    /// A slot is for one thread at a time. Traps when there is no such slot.
    /// - Throws: ``UringError`` with `EINVAL` when the minimum wait is too long.
    public func set(_ wait: RegisteredWait, in slot: Int) throws(UringError) {
        guard let microseconds = UInt32(exactly: wait.minimumWait.wholeMicroseconds) else {
            throw UringError(.wait, errno: EINVAL, cause: .minimumWait(seconds: wait.minimumWait.components.seconds))
        }
        let timeout = wait.timeout?.wholeNanoseconds ?? -1
        let mask = unsafe slotMask(slot, wait.signalMask)
        // Safe: the slot was checked, and it is the caller's alone.
        unsafe curing_write_wait(slotAddress(slot), timeout, minimum(microseconds, timeout), mask)
    }

    /// Submits `submitting` requests of the ring and waits for `minimum` completions, as the slot says. One system call.
    ///
    /// For rings of your own; ``UringQueue`` does it by itself. On a single-issuer ring only its thread may wait. Traps
    /// when there is no such slot.
    /// - Returns: how many requests the kernel took. When it took any, they hide why the wait ended.
    /// - Throws: ``UringError`` with `ETIME` when the time passed without a completion, `EINTR` after a signal,
    ///   `EBADFD` when the ring is not enabled.
    @discardableResult
    public func wait(slot: Int, submitting: Int = 0, for minimum: Int = 1) throws(UringError) -> Int {
        try SystemCalls.enter(
            descriptor: descriptor, submit: submitting, minimum: minimum, slotOffset: slotOffset(slot))
    }

    /// Where a slot lies in the region.
    package func slotOffset(_ slot: Int) -> Int {
        demand((0..<waitSlots).contains(slot), "the region has \(waitSlots) wait slots: there is no slot \(slot)")
        return byteCount - MemoryRegion.bytes(forSlots: waitSlots) + slot * MemoryRegion.slotBytes
    }

    /// The memory of a slot, for whoever writes it in C (`struct curing_wait_slot`).
    package func rawSlotAddress(_ slot: Int) -> UnsafeMutableRawPointer {
        unsafe storage.baseAddress + slotOffset(slot)
    }

    private func slotAddress(_ slot: Int) -> UnsafeMutablePointer<curing_wait_slot> {
        // Safe: inside the region, aligned to 64 bytes, and used as nothing else.
        unsafe rawSlotAddress(slot).assumingMemoryBound(to: curing_wait_slot.self)
    }

    private func slotMask(_ slot: Int, _ mask: SignalMask?) -> UnsafePointer<UInt64>? {
        guard let mask else { return nil }
        demand((0..<waitSlots).contains(slot), "the region has \(waitSlots) wait slots: there is no slot \(slot)")
        unsafe masks[slot] = mask.rawValue
        return unsafe UnsafePointer(masks + slot)
    }

    /// A minimum that is not below the timeout would replace it.
    private func minimum(_ microseconds: UInt32, _ timeout: Int64) -> UInt32 {
        timeout >= 0 && timeout <= Int64(microseconds) * 1000 ? 0 : microseconds
    }
}

extension Duration {
    /// Nanoseconds, at most what 63 bits hold; negative durations are 0.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < Int64.max / 1_000_000_000 - 1 else { return Int64.max }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// Microseconds, rounded up; negative durations are 0.
    package var wholeMicroseconds: Int64 {
        let nanoseconds = wholeNanoseconds
        return nanoseconds / 1000 + (nanoseconds % 1000 > 0 ? 1 : 0)
    }
}
