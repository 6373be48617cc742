// Submitting, waiting, and handing out completions.

internal import CUring
public import UringBuffers

/// Why a wait came back.
public enum WaitOutcome: Hashable, Sendable {
    /// Completions are there.
    case ready
    /// The time passed first.
    case timedOut
    /// A signal arrived first.
    case interrupted
}

extension UringQueue {
    /// Hands all queued requests to the kernel without waiting, and returns how many it took.
    @discardableResult
    public func submit() throws(UringError) -> Int { unsafe try state.pointee.submit() }

    /// Submits, then waits for at least `minimum` completions or until `timeout` passed. One system call.
    ///
    /// A signal ends the wait with ``WaitOutcome/interrupted``; nothing is lost.
    /// - Parameter minimumWait: once this has passed one completion is enough: gathers completions without letting a lone
    ///   one wait for company until the timeout. In whole microseconds, rounded up; 4294 seconds are the most. Kernels
    ///   before 6.12 need a second system call for it.
    @discardableResult
    public func wait(
        for minimum: Int = 1, timeout: Duration? = nil, minimumWait: Duration = .zero
    ) throws(UringError) -> WaitOutcome {
        try unsafe state.pointee.wait(
            minimum: minimum, nanoseconds: timeout.map(\.wholeNanoseconds) ?? -1,
            minimumMicroseconds: UInt32(clamping: minimumWait.wholeMicroseconds))
    }

    /// Calls `body` with every completion that is there now, in the kernel's order, and returns how many those were.
    ///
    /// `body` may queue requests, submit and throw; completions that a throw leaves undelivered come first the next
    /// time. Traps when called from inside `body`. Completions of the queue's own requests (wake-ups, parts of long sends) are handled
    /// here and not passed on.
    @discardableResult
    public func forEachCompletion<Failure: Error>(
        _ body: (Completion) throws(Failure) -> Void
    ) throws(Failure) -> Int {
        unsafe demand(!state.pointee.isDelivering, "completions are being handed out already")
        unsafe state.pointee.isDelivering = true
        defer { unsafe state.pointee.isDelivering = false }
        var delivered = 0
        while true {
            let batch = unsafe state.pointee.nextBatch()
            guard batch.count > 0 else { return delivered }
            beginBatchOfCompletions()
            for position in 0..<batch.count {
                let raw = unsafe batch[position]
                if let completion = unsafe state.pointee.interpret(raw) {
                    delivered += 1
                    do throws(Failure) { try body(completion) } catch {
                        unsafe state.pointee.putBack(UnsafeBufferPointer(rebasing: batch[(position + 1)...]))
                        throw error
                    }
                }
            }
            if batch.count < QueueState.reapBatch { return delivered }
        }
    }

    /// Submits, waits and hands out completions until ``stop()`` is called.
    ///
    /// Signals are waited through; use a `signalfd` with ``pollReadable(_:tag:)`` to act on them.
    /// - Parameter afterBatch: called after each batch of completions, and after wake-ups: the place to refill groups.
    public func run(
        _ body: (Completion) throws(UringError) -> Void, afterBatch: () throws(UringError) -> Void = {}
    ) throws(UringError) {
        unsafe state.pointee.isStopping = false
        while unsafe !state.pointee.isStopping {
            try wait()
            try forEachCompletion(body)
            try afterBatch()
        }
    }

    /// Makes ``run(_:)`` return after the batch of completions at hand.
    public func stop() { unsafe state.pointee.isStopping = true }
}

extension QueueState {
    mutating func wait(
        minimum: Int, nanoseconds: Int64, minimumMicroseconds: UInt32 = 0
    ) throws(UringError) -> WaitOutcome {
        if !rings.isEmpty { provideAll() }
        pushSendCancellations()
        if !deferredSubmissions.isEmpty { _ = try submit() }
        let wanted = Swift.max(0, minimum - backlog.count)
        var (limit, gathering) = (nanoseconds, minimumMicroseconds)
        // Those of the backlog are enough when the minimum has passed, and the kernel does not know of them.
        let endsEarly = gathering > 0 && !backlog.isEmpty && (limit < 0 || limit > Int64(gathering) * 1000)
        if endsEarly { (limit, gathering) = (Int64(gathering) * 1000, 0) }
        let result = unsafe curing_queue_submit_and_wait(ring, UInt32(wanted), limit, gathering)
        recycleArena()
        switch -result {
        case UringErrno.timedOut: return endsEarly ? .ready : .timedOut
        case UringErrno.interrupted: return .interrupted
        // The completion queue overflowed, or memory for requests is short: something to reap is what helps, and what
        // the caller waits for.
        case UringErrno.busy, UringErrno.again:
            guard wanted == 0 || reapToBacklog() > 0 else { throw UringError(.wait, errno: -result) }
            return .ready
        default:
            guard result >= 0 else { throw UringError(.wait, errno: -result) }
            return .ready
        }
    }

    /// Up to ``reapBatch`` completions; valid until the next call.
    mutating func nextBatch() -> UnsafeBufferPointer<curing_completion> {
        var count = Swift.min(backlog.count, QueueState.reapBatch)
        for position in 0..<count { unsafe reaped[position] = backlog[position] }
        backlog.removeFirst(count)
        // Safe: room for the rest of the batch is left.
        count += unsafe Int(curing_queue_reap(ring, reaped + count, UInt32(QueueState.reapBatch - count)))
        return unsafe UnsafeBufferPointer(start: reaped, count: count)
    }

    /// Keeps completions that a handler's error left undelivered.
    mutating func putBack(_ rest: UnsafeBufferPointer<curing_completion>) {
        unsafe backlog.insert(contentsOf: rest, at: 0)
    }

    /// The caller's completion, or `nil` for one of our own that needs no answer.
    mutating func interpret(_ raw: curing_completion) -> Completion? {
        let flags = CompletionFlags(rawValue: raw.flags)
        switch InternalTag(raw.user_data) {
        case nil: return Completion(tag: raw.user_data, result: raw.result, flags: flags)
        case .silent: return nil
        case .wakeUp:
            wasWoken = true
            wakeUp?.clear()
            if !flags.contains(.more) { armWakeUp() }
            return nil
        case .outgoing(let slot): return advanceOutgoing(slot, result: raw.result)
        case .transfer(let slot): return endTransfer(slot, result: raw.result)
        case .leased(let slot): return advanceLeased(slot, result: raw.result, flags: flags)
        case .received(let slot): return endReceive(slot, result: raw.result, flags: flags)
        case .provided(let serial, let run):
            endProvision(run, serial: serial, result: raw.result)
            return nil
        }
    }
}
