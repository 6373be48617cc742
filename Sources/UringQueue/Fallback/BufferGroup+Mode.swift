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
    /// - in ``BufferMode/providedBuffers`` gives buffers back by requests, one for each stretch of neighbours, which the
    ///   queue queues before receives, submits and waits; it cannot be closed while a receive is armed: cancel first;
    /// - in ``BufferMode/callerChosen`` polls the socket, and receives into the next buffer with recv(2): sockets only, a
    ///   system call for each, and a receive must be cancelled before its descriptor is closed.
    ///
    /// - Parameters:
    ///   - minimumLeft: of ``Consumption/incremental(minimumLeft:)``; other modes than
    ///     ``BufferMode/incrementalWithMinimum`` ignore it.
    ///   - refill: how many buffers are kept published.
    ///   - level: how much the books know of each buffer.
    /// - Throws: ``UringError``; nothing stays registered or allocated.
    public init(
        on queue: borrowing UringQueue, id: BufferGroupID, capacity: Int, bufferSize: Int, mode: BufferMode,
        minimumLeft: Int = 0, refill: RefillPolicy = .adaptive, slab: PageSource = .anonymousMap,
        slabOptions: PageOptions = .noReserve, level: AccountingLevel = .counters,
        wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) {
        if mode.usesRing {
            self = try BufferGroup(
                ring: queue.descriptor, id: id, capacity: capacity, bufferSize: bufferSize,
                consumption: mode.consumption(minimumLeft: minimumLeft), refill: refill, slab: slab,
                slabOptions: slabOptions, level: level, wakeOnReturn: wakeOnReturn)
        } else {
            self = try unsafe BufferGroup(
                readBy: queue.state, id: id, capacity: capacity, bufferSize: bufferSize, mode: mode, refill: refill,
                slab: slab, slabOptions: slabOptions, level: level, wakeOnReturn: wakeOnReturn)
        }
    }

    /// A group whose ring the queue reads itself, in a mode that uses none of the kernel's.
    init(
        readBy queue: UnsafeMutablePointer<QueueState>, id: BufferGroupID, capacity: Int, bufferSize: Int,
        mode: BufferMode, refill: RefillPolicy, slab: PageSource = .anonymousMap,
        slabOptions: PageOptions = .noReserve, level: AccountingLevel = .counters,
        wakeOnReturn: (@Sendable () -> Void)?, share: PoolShare? = nil
    ) throws(UringError) {
        let way: QueueRing.Way = mode == .providedBuffers ? .provides : .chooses
        let ring = unsafe QueueRing(way, on: queue)
        let group = try BufferGroup(
            consumer: ring, id: id, capacity: capacity, bufferSize: bufferSize, consumption: .whole, refill: refill,
            slab: slab, slabOptions: slabOptions, level: level, wakeOnReturn: wakeOnReturn, share: share)
        // Safe: the queue is the caller's, and lives.
        if way == .provides { unsafe try queue.pointee.provideFirst(ring) }
        self = group
    }
}
