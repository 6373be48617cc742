// A small complete I/O stack: requests in, completions out.

internal import CUring
public import UringBuffers

/// An io_uring of its own: queue requests, submit them, wait, and handle completions in batches.
///
/// ```swift
/// let queue = try UringQueue()
/// let group = try BufferGroup(ring: queue.descriptor, id: 0, capacity: 4096, bufferSize: 4096)
/// queue.receiveMultishot(from: socket, into: group, tag: 1)
/// try queue.run { completion in
///     switch group.take(completion) { … }
/// }
/// ```
///
/// Requests never fail when they are queued; their outcome is a completion. Tags are yours, below 2^63.
///
/// **Thread rule.** A queue belongs to the thread that made it. Only ``WakeUp`` may be used elsewhere.
/// **Order of ends.** Close buffer groups before their queue goes away. What is under way is cancelled then, and
/// completions that were not handed out are dropped, with the descriptors in them.
@safe
public struct UringQueue: ~Copyable {
    let state: UnsafeMutablePointer<QueueState>

    /// Creates a ring.
    ///
    /// - Parameters:
    ///   - entries: requests that can be queued before the kernel takes them, 1...32768; rounded up to a power of two.
    ///   - completionEntries: completions that can wait; twice the entries when `nil`. Size it for the buffers that
    ///     can be published: each may become a completion before you look.
    ///   - mode: how deferred work is run; ``QueueMode/automatic`` takes the newest that the kernel accepts.
    ///   - waiting: how the time of a wait is handed over; ``WaitMethod/automatic`` takes the fastest that there is.
    /// - Throws: ``UringError`` with `EPERM` or `ENOSYS` when io_uring is forbidden, `ENOMEM` at the locked-memory
    ///   limit, `EINVAL` when the kernel lacks the mode.
    public init(
        entries: Int = 256, completionEntries: Int? = nil, mode: QueueMode = .automatic,
        waiting: WaitMethod = .automatic
    ) throws(UringError) {
        try self.init(
            entries: entries, completionEntries: completionEntries, mode: mode, waiting: waiting, sound: .here)
    }

    /// For tests: avoids the known bugs of that release.
    package init(entries: Int, avoidingBugsOf release: KernelRelease) throws(UringError) {
        try self.init(
            entries: entries, completionEntries: nil, mode: .automatic, waiting: .automatic,
            sound: SoundReceives(on: release))
    }

    private init(
        entries: Int, completionEntries: Int?, mode: QueueMode, waiting: WaitMethod, sound: SoundReceives
    ) throws(UringError) {
        guard (1...32768).contains(entries) else {
            throw UringError(.createQueue, errno: UringErrno.invalid, cause: .queueEntries(entries))
        }
        if let completionEntries, !(1...65536).contains(completionEntries) {
            throw UringError(.createQueue, errno: UringErrno.invalid, cause: .queueEntries(completionEntries))
        }
        let made = try QueueState(
            entries: entries, completionEntries: completionEntries, mode: mode, waiting: waiting, sound: sound)
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: made)
    }

    deinit {
        // Safe: nobody else holds the pointer. Buffers of sends that are still under way come home here.
        unsafe state.pointee.cancelEverything()
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    // Safe, here and in every extension: the state lives as long as the queue, and the thread rule makes access
    // exclusive.

    /// The ring's descriptor, for ``BufferGroup`` and ``BufferRing``.
    public var descriptor: Int32 { unsafe state.pointee.descriptor }
    /// The mode that the kernel accepted.
    public var mode: QueueMode { unsafe state.pointee.mode }
    /// Whether waits with a time go through a slot of the ring's memory region (``WaitMethod/automatic``).
    public var waitsThroughRegion: Bool { unsafe state.pointee.waitRegion != nil }
    /// Whether receives can be bundled (`IORING_FEAT_RECVSEND_BUNDLE`, Linux 6.10), and no known bug mixes them up.
    public var supportsBundles: Bool {
        unsafe state.pointee.features & CURING_FEAT_RECVSEND_BUNDLE != 0 && state.pointee.sound.bundles
    }
    /// Requests that can be queued before the kernel must take them.
    public var submissionEntries: Int { unsafe Int(curing_queue_submission_entries(state.pointee.ring)) }
    /// Completions that can wait before the kernel keeps them aside.
    public var completionEntries: Int { unsafe Int(curing_queue_completion_entries(state.pointee.ring)) }
    /// Whether completions had to be kept aside because the completion queue was full. Nothing is lost then.
    public var hasOverflow: Bool { unsafe curing_queue_has_overflow(state.pointee.ring) != 0 }
    /// Requests that were queued and not yet submitted.
    public var unsubmitted: Int {
        unsafe Int(curing_queue_unsubmitted(state.pointee.ring)) + state.pointee.deferredSubmissions.count
    }
}
