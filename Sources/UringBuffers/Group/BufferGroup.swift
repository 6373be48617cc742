// One ring, its memory and its books.

import Glibc
public import RingArithmetic
internal import Synchronization

/// A pool of equal buffers that the kernel picks from when data arrives.
///
/// Make one for a ring's descriptor, arm receives with buffer selection on its ``id``, and hand every completion of
/// those receives to ``take(result:flags:)``. Handles give their buffers back by themselves; ``refill()`` publishes
/// them again (taking and recycling also do, when the published count runs low).
///
/// **Thread rule.** A group belongs to the thread that made it. Handles may end anywhere. Taking, refilling, closing and
/// reading the books elsewhere traps, and the plain numbers mean nothing there; ``detach()`` and ``attach()`` move a group between threads.
///
/// **Lifetime.** Call ``close()`` when no request is armed any more. A group that is dropped unregisters its ring and
/// keeps its memory until the last handle ends; should the kernel still own a buffer then, the memory is kept for ever
/// and counted in ``abandonedBytes``: never a use after free, never a wait.
@safe
public struct BufferGroup: ~Copyable {
    @usableFromInline let header: UnsafeMutablePointer<GroupHeader>

    /// Registers a ring of `capacity` buffers of `bufferSize` bytes and publishes the first of them.
    ///
    /// - Parameters:
    ///   - ring: the descriptor of any io_uring; the group keeps a duplicate of it.
    ///   - id: a group id that is free on that ring (`bgid`).
    ///   - capacity: the number of buffers: a power of two, 1...32768.
    ///   - bufferSize: bytes in each buffer, at least 1 and below 2 GiB.
    ///   - consumption: how much of a buffer one completion takes: whole buffers, or piece by piece.
    ///   - refill: how many buffers are kept published.
    ///   - ringMemory: who allocates the ring's entries.
    ///   - level: how much the books know of each buffer.
    ///   - wakeOnReturn: called on another thread when a buffer comes back there while receives wait for one
    ///     (``rearmWhenRefilled(_:tag:)``), at most once for each refill; a queue's wake-up, for instance.
    ///   - slab: where the buffers' memory comes from: `capacity × bufferSize` bytes, page aligned.
    ///   - slabOptions: how it is mapped.
    /// - Throws: ``UringError``; nothing stays registered or allocated.
    public init(
        ring: Int32, id: BufferGroupID, capacity: Int, bufferSize: Int, consumption: Consumption = .whole,
        refill: RefillPolicy = .adaptive, ringMemory: RingMemoryKind = .application, slab: PageSource = .anonymousMap,
        slabOptions: PageOptions = .noReserve, level: AccountingLevel = .counters,
        wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) {
        try self.init(
            capacity: capacity, bufferSize: bufferSize, consumption: consumption, refill: refill, slab: slab,
            slabOptions: slabOptions, level: level, wakeOnReturn: wakeOnReturn
        ) { entries throws(UringError) in
            try RingRegistration(
                ring: ring, id: id, capacity: entries, consumption: consumption, memory: ringMemory,
                source: .anonymousMap)
        }
    }

    /// The same with buffers in memory of yours, for instance a piece of a ``MemoryRegion``.
    ///
    /// - Parameters:
    ///   - memory: at least `capacity × bufferSize` bytes; the group keeps it until the last handle ends.
    ///   - entries: memory for the ring's entries, at least 16 bytes each; the group allocates it when `nil`.
    /// - Throws: as above, and `EINVAL` when memory is too small. It is dropped then.
    public init(
        ring: Int32, id: BufferGroupID, capacity: Int, bufferSize: Int, consumption: Consumption = .whole,
        refill: RefillPolicy = .adaptive, memory: consuming PageMemory, entries: consuming PageMemory? = nil,
        level: AccountingLevel = .counters, wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) {
        var entries = entries
        try self.init(
            capacity: capacity, bufferSize: bufferSize, consumption: consumption, refill: refill, slab: .anonymousMap,
            slabOptions: [], memory: memory, level: level, wakeOnReturn: wakeOnReturn
        ) { count throws(UringError) in
            guard let entries = entries.take() else {
                return try RingRegistration(
                    ring: ring, id: id, capacity: count, consumption: consumption, memory: .application,
                    source: .anonymousMap)
            }
            return try RingRegistration(
                ring: ring, id: id, capacity: count, consumption: consumption, entries: entries)
        }
    }

    /// The same on a consumer that stands in for the kernel.
    package init(
        consumer: any BufferRingConsumer, id: BufferGroupID, capacity: Int, bufferSize: Int, consumption: Consumption,
        refill: RefillPolicy, slab: PageSource = .anonymousMap, slabOptions: PageOptions = .noReserve,
        level: AccountingLevel = .counters, wakeOnReturn: (@Sendable () -> Void)?, share: PoolShare? = nil
    ) throws(UringError) {
        try self.init(
            capacity: capacity, bufferSize: bufferSize, consumption: consumption, refill: refill, slab: slab,
            slabOptions: slabOptions, level: level, wakeOnReturn: wakeOnReturn, share: share
        ) { entries throws(UringError) in
            try RingRegistration(consumer: consumer, id: id, capacity: entries, consumption: consumption)
        }
    }

    init(
        capacity: Int, bufferSize: Int, consumption: Consumption, refill: RefillPolicy, slab: PageSource,
        slabOptions: PageOptions, memory given: consuming PageMemory? = nil,
        level: AccountingLevel = .counters, wakeOnReturn: (@Sendable () -> Void)?,
        share: PoolShare? = nil,
        register: (RingCapacity) throws(UringError) -> RingRegistration
    ) throws(UringError) {
        let entries: RingCapacity
        do { entries = try RingCapacity(capacity) } catch {
            throw UringError(.registerBufferRing, errno: EINVAL, cause: .capacity(capacity))
        }
        guard bufferSize > 0, bufferSize < 1 << 31 else {
            throw UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(bufferSize))
        }
        guard (0..<bufferSize).contains(consumption.minimumLeft) else {
            throw UringError(.registerBufferRing, errno: EINVAL, cause: .minimumLeft(consumption.minimumLeft))
        }
        var given = given
        if given == nil {
            given = try PageMemory(count: capacity, stride: bufferSize, source: slab, options: slabOptions)
        }
        let memory = given.take()!
        guard memory.byteCount / bufferSize >= capacity else {
            throw UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(memory.byteCount))
        }
        let registration = try register(entries)
        let ledger = GroupLedger()
        unsafe header = .allocate(capacity: 1)
        unsafe header.initialize(
            to: GroupHeader(
                registration: registration, capacity: entries, slab: memory, bufferSize: bufferSize,
                consumption: consumption, policy: refill, signal: wakeOnReturn.map(ReturnSignal.init),
                share: share, level: level, ledger: ledger))
        unsafe ledger.begin(header)
        unsafe header.pointee.start()
    }

    deinit { unsafe GroupHeader.drop(header) }

    // Safe, here and below: the header lives as long as the group, and the thread rule makes access exclusive.

    /// The group's id, for the request's buffer group field.
    @inlinable public var id: BufferGroupID { unsafe header.pointee.ring.id }
    /// What consumes the ring in the kernel's place, if anything does.
    package var consumer: (any BufferRingConsumer)? { unsafe header.pointee.registration.consumer }
    /// Where the buffers' memory came from.
    public var slabSource: PageSource { unsafe header.pointee.slab.source }
    /// Whether huge pages were asked for and there were none (``PageOptions/fallBack``).
    public var slabFellBack: Bool { unsafe header.pointee.slab.fellBack }
    /// The number of buffers.
    @inlinable public var capacity: RingCapacity { unsafe header.pointee.ring.capacity }
    /// Bytes in each buffer.
    @inlinable public var bufferSize: Int { unsafe Int(header.pointee.bufferSize) }
    /// How much of a buffer one completion takes.
    public var consumption: Consumption {
        unsafe header.pointee.isIncremental ? .incremental(minimumLeft: header.pointee.minimumLeft) : .whole
    }
    /// How many buffers the refill policy wants published now.
    @inlinable public var window: Int { unsafe header.pointee.window.size }
    /// How many buffers are published and not yet seen to be consumed.
    @inlinable public var available: Int { unsafe header.pointee.ring.selectable }
    /// How many buffers are free and not published.
    @inlinable public var spares: Int { unsafe header.pointee.spares.count }
    /// How many buffers are out of the group's hands; those that other threads returned since the last refill count.
    @inlinable public var lent: Int { unsafe header.pointee.out }

    /// Takes home what other threads returned and publishes spare buffers up to the window, with one store.
    ///
    /// Call it once for each batch of completions, and arm the receives that it names. O(published).
    @inlinable @discardableResult
    public func refill() -> RefillOutcome {
        unsafe header.pointee.checkOwner()
        let published = unsafe header.pointee.refill()
        return unsafe header.pointee.isWatched
            ? header.pointee.outcome(published: published) : RefillOutcome(published: published)
    }

    /// Lets the group go from this thread: from now on every handle returns through the return stack.
    public func detach() {
        unsafe header.pointee.checkOwner()
        unsafe header.pointee.disown()
    }

    /// Makes this thread the owner of a detached group.
    public func attach() {
        unsafe GroupHeader.attach(header)
    }
}
