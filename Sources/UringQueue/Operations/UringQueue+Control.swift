// Requests about requests: nop, timeout, poll, cancel.

internal import CUring
import Glibc
internal import UringBuffers

extension UringQueue {
    /// Completes at once with result 0.
    public func nop(tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.nop(tag: tag))
    }

    /// Completes with `-ETIME` after `time` has passed, or `-ECANCELED`.
    public func timeout(after time: Duration, tag: UInt64) {
        InternalTag.check(tag)
        let nanoseconds = time.wholeNanoseconds
        let room = unsafe state.pointee.arena.allocate(timespec.self)
        // Safe: the arena keeps the time until the kernel has copied it.
        unsafe room.initialize(
            repeating: timespec(
                tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000)))
        unsafe state.pointee.push(.timeout(room.baseAddress!, tag: tag))
    }

    /// Completes once when the descriptor is readable.
    public func pollReadable(_ descriptor: Int32, tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.poll(descriptor, for: POLLIN, tag: tag))
    }

    /// Completes once when the descriptor is writable: a socket when a good part of its send buffer is free.
    public func pollWritable(_ descriptor: Int32, tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.poll(descriptor, for: POLLOUT, tag: tag))
    }

    /// Completes once when the descriptor has an error or was hung up: a connection that was reset, or whose peer sends
    /// nothing more. The result is the poll mask; `POLLERR` in it means a reset.
    public func pollHangUp(_ descriptor: Int32, tag: UInt64) {
        InternalTag.check(tag)
        unsafe state.pointee.push(.poll(descriptor, for: 0, tag: tag))
    }

    /// Cancels the request with the tag `cancelled`; a send of buffers ends with what it sent so far. Its own completion still arrives, usually with `-ECANCELED`, and
    /// may carry a buffer; this one's result is 0, or `-ENOENT` when there was none, `-EALREADY` when it is running.
    public func cancel(tag cancelled: UInt64, tag: UInt64) {
        InternalTag.check(tag)
        InternalTag.check(cancelled)
        if unsafe state.pointee.cancelSends(where: { $1 == cancelled }) { return nop(tag: tag) }
        if unsafe state.pointee.cancelTransfers(where: { $1 == cancelled }) { return nop(tag: tag) }
        let own = unsafe state.pointee.cancelReceives(where: { $1 == cancelled }, all: false)
        unsafe state.pointee.push(.cancel(tag: own ?? cancelled, tag: tag))
    }

    /// Cancels every request on a descriptor; sends end with what they sent so far. This completion's result is how many were found.
    public func cancelAll(on descriptor: Int32, tag: UInt64) {
        InternalTag.check(tag)
        _ = unsafe state.pointee.cancelSends(where: { socket, _ in socket == descriptor })
        _ = unsafe state.pointee.cancelReceives(where: { socket, _ in socket == descriptor }, all: true)
        unsafe state.pointee.push(.cancelAll(on: descriptor, tag: tag))
    }

    /// Whether a multishot receive can have a limit and a budget (about Linux 6.17). Asks the kernel with a
    /// ring of its own: about 0.1 ms.
    public static func supportsReceiveBudget() -> Bool { KernelCapabilities.probeReceiveBudget() }
}
