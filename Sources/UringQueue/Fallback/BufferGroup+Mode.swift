// Groups in whatever way the kernel at hand offers.

internal import CUring
public import UringBuffers

extension BufferGroup {
    /// A group on `queue` that works in `mode`: ``KernelCapabilities/bestMode``, or a lesser one.
    ///
    /// ```swift
    /// let kernel = try KernelCapabilities.probe().usable(on: .current)
    /// let group = try BufferGroup(on: queue, id: 0, capacity: 1024, bufferSize: 4096, mode: kernel.bestMode)
    /// ```
    ///
    /// Taking, handles, books and the end are the same in every mode. Without a buffer ring of the kernel's
    /// (``BufferMode/usesRing``) the queue stands in for it, and the group
    ///
    /// - works with receives of this queue only, and on its thread;
    /// - receives one buffer for each request: multishot receives end after each, and there are no bundles;
    /// - cannot be closed while a receive is armed: cancel first;
    /// - in ``BufferMode/providedBuffers`` gives each stretch of buffers back by a request; the queue queues it before
    ///   receives, submits and waits;
    /// - in ``BufferMode/callerChosen`` holds a buffer for each armed receive, so the capacity bounds how many can be
    ///   armed; one more completes with `ENOBUFS`.
    ///
    /// - Parameters:
    ///   - minimumLeft: of ``Consumption/incremental(minimumLeft:)``; other modes than
    ///     ``BufferMode/incrementalWithMinimum`` ignore it.
    ///   - refill: how many buffers are kept published. ``RefillPolicy/adaptive`` when `nil`, ``RefillPolicy/everything``
    ///     for chosen buffers, where a published one costs nothing.
    /// - Throws: ``UringError``; nothing stays registered or allocated.
    public init(
        on queue: borrowing UringQueue, id: BufferGroupID, capacity: Int, bufferSize: Int, mode: BufferMode,
        minimumLeft: Int = 0, refill: RefillPolicy? = nil, slab: PageSource = .anonymousMap,
        slabOptions: PageOptions = .noReserve, wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) {
        if mode.usesRing {
            self = try BufferGroup(
                ring: queue.descriptor, id: id, capacity: capacity, bufferSize: bufferSize,
                consumption: mode.consumption(minimumLeft: minimumLeft), refill: refill ?? .adaptive, slab: slab,
                slabOptions: slabOptions, wakeOnReturn: wakeOnReturn)
        } else {
            let way: QueueRing.Way = mode == .providedBuffers ? .provides : .chooses
            let ring = unsafe QueueRing(way, on: queue.state)
            let group = try BufferGroup(
                consumer: ring, id: id, capacity: capacity, bufferSize: bufferSize, consumption: .whole,
                refill: refill ?? (way == .chooses ? .everything : .adaptive), slab: slab, slabOptions: slabOptions,
                wakeOnReturn: wakeOnReturn)
            if way == .provides { unsafe try queue.state.pointee.provideFirst(ring) }
            self = group
        }
    }
}
