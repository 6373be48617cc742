// Fixed buffers: memory whose pages the kernel pins once, so that requests need not pin them each time.

internal import CUring
import Glibc
internal import RingArithmetic
internal import Synchronization

/// A ring's table of fixed buffers (`IORING_REGISTER_BUFFERS2`, sparse; Linux 5.19): one for each ring.
///
/// ```swift
/// let table = try FixedBufferTable(ring: queue.descriptor, slots: 8)
/// let slot = try table.register(group, in: 0)                 // a group's slab, whose buffers its ring hands out
/// queue.sendZeroCopy(buffer, to: socket, fixedBuffer: slot, tag: 1)
/// var range = try table.register(PageMemory(byteCount: 1 << 20), in: 1)     // memory for files
/// queue.read(from: file, at: 0, into: range.takeFirst(4096), tag: 2)
/// ```
///
/// The pages are pinned, resident, and charged to the locked-memory limit (``MemlockPlan/Item/fixedBuffers(bytes:)``).
/// A group whose memory is in a slot gives no pages back (``BufferGroup/trim(keeping:most:)`` does nothing).
///
/// **Whose bytes.** The kernel remembers pages and addresses, not groups. So a slot keeps its memory mapped, even when the
/// group is closed, until the slot is cleared or replaced, or the table ends: no other memory can get its addresses
/// meanwhile. And requests name a ``FixedSlot``, which is checked: wrong bytes are refused, never sent.
///
/// **In flight.** A cleared or replaced slot is gone for new requests at once; those under way go on with the old
/// memory. With `reports` the kernel posts a completion when the last of them has ended (a resource tag). Hand it to
/// ``takeReport(tag:)``; until then the memory is in *quarantine*: mapped, and its pages not given back. Without
/// `reports` handles alone keep it: buffers and ranges of requests of ``UringQueue`` are its own until they end.
///
/// **Order of ends.** Any: table, group and ring may end in every order. Ending the table empties all slots
/// (``close()``); on Linux 6.13 do that when no zero-copy send uses it (``Combination/endingFixedBuffersWhileSending``).
///
/// **Thread rule.** Any thread may use a table, one at a time (a lock sees to it), but the kernel refuses all threads except
/// a single-issuer ring's own (`EEXIST`). A table that is dropped on another thread cannot be unregistered: its memory is
/// kept for ever then and counted in ``BufferGroup/abandonedBytes``.
public struct FixedBufferTable: ~Copyable, Sendable {
    let table: FixedTable
    /// The number of slots.
    public let slots: Int

    /// The most slots of a table (`IORING_MAX_REG_BUFFERS`).
    public static let mostSlots = 16384

    /// Makes an empty table. One system call and a duplicate of the descriptor.
    ///
    /// - Parameters:
    ///   - ring: the descriptor of any io_uring.
    ///   - reports: when not `nil`, reports come as completions with the tags `reports + 1`, `reports + 2`, … , one for each
    ///     registration. Choose a number that no other tag of the ring comes near, such as `1 << 62`.
    /// - Throws: ``UringError`` with `EINVAL` when `slots` is not 1...16384, `EBUSY` when the ring has a table, `EEXIST` on
    ///   another thread than a single-issuer ring's, `EBADF` or `EOPNOTSUPP` when it is no ring.
    public init(ring: Int32, slots: Int, reports: UInt64? = nil) throws(UringError) {
        guard (1...FixedBufferTable.mostSlots).contains(slots) else {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .fixedSlot(slots))
        }
        try self.init(ring: ring, slots: slots, reports: reports) { (descriptor, _) throws(UringError) in
            try SystemCalls.registerFixedTable(descriptor: descriptor, slots: slots)
        }
    }

    init(
        ring: Int32, slots: Int, reports: UInt64?,
        _ register: (_ descriptor: Int32, _ books: inout FixedBooks) throws(UringError) -> Void
    ) throws(UringError) {
        let descriptor = try SystemCalls.duplicate(ring)
        let made = FixedTable(descriptor: descriptor, slots: slots, reports: reports)
        try made.books.withLock { (books) throws(UringError) in
            // Until it is registered there is nothing to unregister.
            books.isClosed = true
            try register(descriptor, &books)
            books.isClosed = false
        }
        table = made
        self.slots = slots
    }

    // MARK: Putting memory in

    /// Puts a group's buffers into a slot: the slab that its ring's entries point into (`IORING_REGISTER_BUFFERS_UPDATE`).
    ///
    /// - Parameters:
    ///   - group: one that is open and belongs to this thread.
    ///   - buffers: the bids whose memory to register; all when `nil`. A slot takes 1 GiB at most: put a larger group into
    ///     several.
    ///   - slot: 0..<``slots``.
    ///   - replacing: whether the slot may hold memory already, which then leaves it.
    /// - Returns: what requests name.
    /// - Throws: ``UringError``, and nothing has changed: `EINVAL` when there is no such slot or buffer, the memory is the heap's,
    ///   or the group is an adaptive class of a ``BufferPool``, whose budget counts on memory that can be given back;
    ///   `EBUSY` when the slot is in use, `EFAULT` above 1 GiB, `ENOMEM` at the locked-memory limit, `ENXIO` when
    ///   the table or the group is closed, `EEXIST` as ``init(ring:slots:reports:)``.
    /// - Complexity: O(pages), in the kernel; makes them resident.
    @discardableResult
    public func register(
        _ group: borrowing BufferGroup, buffers: Range<Int>? = nil, in slot: Int, replacing: Bool = false
    ) throws(UringError) -> FixedSlot {
        // Safe: the header lives as long as the group.
        if unsafe group.header.pointee.isClosed { throw UringError(.registerFixedBuffers, errno: ENXIO) }
        unsafe group.header.pointee.checkOwner()
        if unsafe group.header.pointee.budget != nil {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .pooled(group.id.rawValue))
        }
        let (capacity, size) = (group.capacity.entries, group.bufferSize)
        if let buffers, buffers.isEmpty || buffers.lowerBound < 0 || buffers.upperBound > capacity {
            throw UringError(
                .registerFixedBuffers, errno: EINVAL,
                cause: .fixedBuffers(
                    from: Int32(clamping: buffers.lowerBound), to: Int32(clamping: buffers.upperBound)))
        }
        let bytes = buffers.map { $0.lowerBound * size..<$0.upperBound * size }
        return try put(unsafe group.header.pointee.slab, bytes, in: slot, replacing: replacing)
    }

    /// Puts memory of the application's own into a slot, which then owns it together with the ranges that requests use.
    ///
    /// - Returns: the whole of it, to be cut into pieces.
    /// - Throws: as ``register(_:buffers:in:replacing:)``; the table has not changed, and `memory` is freed.
    public func register(
        _ memory: consuming PageMemory, in slot: Int, replacing: Bool = false
    ) throws(UringError) -> FixedRange {
        let slab = Slab(memory)
        return FixedRange(slab: slab, slot: try put(slab, nil, in: slot, replacing: replacing))
    }

    private func put(
        _ slab: Slab, _ part: Range<Int>?, in index: Int, replacing: Bool
    ) throws(UringError) -> FixedSlot {
        let part = part ?? 0..<slab.byteCount
        guard slab.source != .alignedHeap else {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .fixedHeapMemory)
        }
        let start = unsafe UInt(bitPattern: slab.baseAddress) + UInt(part.lowerBound)
        return try changing(index) { (books) throws(UringError) in
            guard replacing || books.slots[index] == nil else {
                throw UringError(.registerFixedBuffers, errno: EBUSY, cause: .fixedSlotInUse(index))
            }
            let registration = FixedRegistration(
                slab: slab.identity, index: index, start: start, byteCount: part.count,
                tag: books.nextTag(after: table.reports))
            // First: from the call on, the pages must stay what they are.
            slab.pin()
            do throws(UringError) {
                try SystemCalls.updateFixedSlot(
                    descriptor: table.descriptor, slot: index, address: UInt64(start), bytes: part.count,
                    tag: registration.tag)
            } catch {
                slab.unpin()
                throw error
            }
            books.set(index, FixedEntry(registration: registration, slab: slab))
            return FixedSlot(registration: registration)
        }
    }

    // MARK: Taking memory out

    /// Empties a slot; requests under way go on. Nothing happens when it is empty.
    ///
    /// - Throws: ``UringError`` with `EINVAL` when there is no such slot, `ENXIO` when the table is closed, `EEXIST` as
    ///   ``init(ring:slots:reports:)``.
    public func clear(_ slot: Int) throws(UringError) {
        try changing(slot) { (books) throws(UringError) in
            try SystemCalls.updateFixedSlot(descriptor: table.descriptor, slot: slot, address: 0, bytes: 0)
            books.set(slot, nil)
        }
    }

    /// Ends the table (`IORING_UNREGISTER_BUFFERS`): empties every slot, and the ring can have another table. Requests under
    /// way go on; reports can be taken as before. Dropping the table does the same, and takes no reports.
    ///
    /// - Throws: ``UringError`` with `ENXIO` when it is closed already, `EEXIST` as ``init(ring:slots:reports:)``.
    public func close() throws(UringError) {
        try table.books.withLock { (books) throws(UringError) in
            try requireOpen(books, .unregisterFixedBuffers)
            try SystemCalls.unregisterFixedTable(descriptor: table.descriptor)
            books.retireAll()
        }
    }

    private func changing<Result>(
        _ index: Int, _ body: (inout FixedBooks) throws(UringError) -> Result
    ) throws(UringError) -> Result where Result: Sendable {
        guard (0..<slots).contains(index) else {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .fixedSlot(index))
        }
        return try table.books.withLock { (books) throws(UringError) in
            try requireOpen(books)
            return try body(&books)
        }
    }

    private func requireOpen(
        _ books: borrowing FixedBooks, _ operation: UringError.Operation = .registerFixedBuffers
    ) throws(UringError) {
        if books.isClosed { throw UringError(operation, errno: ENXIO) }
    }
}
