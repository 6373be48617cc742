// Making the library's system calls fail.

internal import CUring

/// Counts the system calls that the library makes on this thread, and makes those fail that a test wants to fail.
///
/// ```swift
/// let faults = SystemCallFaults()
/// faults.fail(.registerBufferRing, with: ENOMEM)
/// #expect(throws: UringError(.registerBufferRing, errno: ENOMEM)) { try BufferGroup(…) }
/// ```
///
/// A call that fails is not made, except for ``SystemCall/close``, after which Linux has closed the descriptor whatever
/// it answers. What liburing does inside a call of ours fails with the call, not by itself. Other threads' calls are
/// neither counted nor changed, so tests may run side by side. Everything works again when the value is dropped, which
/// must be on its thread.
public struct SystemCallFaults: ~Copyable {
    /// Begins to count. Traps when this thread's calls are counted already.
    public init() {
        let error = curing_faults_begin()
        precondition(error == 0, "the system calls of this thread are watched already")
    }

    deinit { curing_faults_end() }

    /// After `after` more calls of a kind, lets the next `times` fail with `error`. Replaces what was asked for this kind.
    public func fail(_ call: SystemCall, with error: Int32, after: Int = 0, times: Int = .max) {
        precondition(error > 0 && after >= 0 && times >= 0)
        curing_faults_plan(call.number, error, UInt64(after), UInt64(times))
    }

    /// Lets a kind work again.
    public func restore(_ call: SystemCall) { curing_faults_plan(call.number, 0, 0, 0) }

    /// How many calls of a kind were begun, those that failed included.
    public func count(of call: SystemCall) -> Int { Int(curing_faults_calls(call.number)) }

    /// How many calls of all kinds were made to fail.
    public var injected: Int { Int(curing_faults_injected()) }
}
