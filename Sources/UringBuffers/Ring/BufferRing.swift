// A registered buffer ring for people who manage their own buffers.

public import RingArithmetic

/// A registered buffer ring: the array of entries that the kernel selects buffers from (`io_uring_buf_ring`).
///
/// Adding an entry writes it; publishing makes all added entries visible to the kernel with one release store. The
/// kernel keeps its head private, so the application counts: call ``consume(_:)`` for every entry that a completion
/// named. Adding to a full ring traps; the kernel itself would hand the same memory out twice.
///
/// Dropping the ring withdraws every entry, so that the kernel writes to none of them any more, and unregisters it; on a
/// single-issuer ring that needs its thread, and elsewhere the empty registration stays until the ring ends. One thread at a time may use it. ``BufferGroup`` does all of this for a pool of
/// equal buffers; this type is for buffers of your own.
public struct BufferRing: ~Copyable {
    private var cursor: RingCursor
    private var registration: RingRegistration

    /// Allocates the entries and registers them (`IORING_REGISTER_PBUF_RING`).
    ///
    /// - Parameters:
    ///   - ring: the descriptor of any io_uring; the buffer ring keeps a duplicate of it.
    ///   - id: a group id that is free on that ring.
    ///   - capacity: the number of entries.
    ///   - consumption: how much of a buffer one completion takes.
    ///   - memory: who allocates the entries.
    ///   - source: where application memory comes from.
    /// - Throws: ``UringError`` with the kernel's errno: `EEXIST` id in use, `EBADF` not a descriptor, `EOPNOTSUPP`
    ///   not an io_uring, `ENOMEM` locked-memory limit, `EINVAL` kernel too old, or an id at or above 2048 with
    ///   ``RingMemoryKind/kernel``. Nothing stays registered or allocated.
    public init(
        ring: Int32, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption = .whole,
        memory: RingMemoryKind = .application, source: PageSource = .anonymousMap
    ) throws(UringError) {
        registration = try RingRegistration(
            ring: ring, id: id, capacity: capacity, consumption: consumption, memory: memory, source: source)
        cursor = unsafe RingCursor(base: registration.baseAddress, capacity: capacity, id: id)
    }

    /// The same with entries in memory of yours, for instance a piece of a ``MemoryRegion``.
    ///
    /// - Parameter entries: at least 16 bytes for each entry; zeroed here, and kept as long as the ring.
    /// - Throws: as above, and `EINVAL` when the memory is too small.
    public init(
        ring: Int32, id: BufferGroupID, capacity: RingCapacity, consumption: Consumption = .whole,
        entries: consuming PageMemory
    ) throws(UringError) {
        registration = try RingRegistration(
            ring: ring, id: id, capacity: capacity, consumption: consumption, entries: entries)
        cursor = unsafe RingCursor(base: registration.baseAddress, capacity: capacity, id: id)
    }

    deinit { if registration.isRegistered { cursor.withdraw() } }

    /// The group's id on its ring.
    public var id: BufferGroupID { registration.id }
    /// The number of entries.
    public var capacity: RingCapacity { cursor.capacity }
    /// Who allocated the memory of the entries.
    public var memoryKind: RingMemoryKind { registration.memoryKind }
    /// Entries consumed so far, as completions told.
    public var head: RingIndex { cursor.head }
    /// Entries added so far.
    public var tail: RingIndex { cursor.tail }
    /// Entries that the kernel may see.
    public var published: RingIndex { cursor.published }
    /// How full the ring is, entries that are added and not published included.
    public var fill: FillLevel {
        // Never nil: adding and consuming keep the indices within one capacity of each other.
        FillLevel(head: cursor.head, tail: cursor.tail, capacity: cursor.capacity)!
    }

    /// Writes one entry and returns its slot; the kernel sees it after ``publish()`` (`io_uring_buf_ring_add`).
    ///
    /// The memory must stay valid until the kernel is done with the entry. Traps when the ring is full, or when `length`
    /// is 0, which the kernel would report as an end of stream for ever.
    @unsafe @discardableResult
    public mutating func add(address: UnsafeMutableRawPointer, length: UInt32, bid: BufferID) -> Int {
        unsafe cursor.add(address: address, length: length, bid: bid)
    }

    /// Makes every added entry visible to the kernel with one release store (`io_uring_buf_ring_advance`).
    public mutating func publish() { cursor.publish() }

    /// Notes that `count` published entries were consumed. Traps when more are consumed than were published.
    public mutating func consume(_ count: Int) { cursor.consume(count) }

    /// The kernel's own head, free running (`IORING_REGISTER_PBUF_STATUS`, Linux 6.8).
    ///
    /// One system call, about 240 ns. On a single-issuer ring only its thread may ask (`EEXIST`).
    /// - Throws: ``UringError`` with `EINVAL` on kernels without the call, `ENOENT` when unregistered.
    public func kernelHead() throws(UringError) -> RingIndex { try registration.kernelHead() }

    /// Ends the registration (`IORING_UNREGISTER_PBUF_RING`). Does not wait: requests that are still armed get
    /// `ENOBUFS` when their data arrives, bundled ones `ENOENT`.
    ///
    /// - Throws: ``UringError`` with `ENOENT` the second time, `EEXIST` from the wrong thread of a single-issuer ring.
    public mutating func unregister() throws(UringError) { try registration.unregister() }
}
