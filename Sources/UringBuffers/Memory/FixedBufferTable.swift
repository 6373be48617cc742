// Fixed buffers: memory whose pages the kernel pins once, so that zero-copy sends need not pin them each time.

internal import CUring
import Glibc

/// A ring's table of fixed buffers (`IORING_REGISTER_BUFFERS2`, sparse; Linux 5.19): one for each ring.
///
/// Register a group's whole memory as one slot, and name the slot in zero-copy sends of its buffers. The pages are
/// pinned and charged to the locked-memory limit. Dropping the table ends it; sends under way keep what they use.
/// One thread at a time may use it; on a single-issuer ring its own.
public struct FixedBufferTable: ~Copyable {
    private let descriptor: Int32
    /// The number of slots.
    public let slots: Int

    /// The most slots of a table (`IORING_MAX_REG_BUFFERS`).
    public static let mostSlots = 16384

    /// Makes an empty table.
    ///
    /// - Throws: ``UringError`` with `EINVAL` when `slots` is not 1...16384, `EBUSY` when the ring has a table.
    public init(ring: Int32, slots: Int) throws(UringError) {
        guard (1...FixedBufferTable.mostSlots).contains(slots) else {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .fixedSlot(slots))
        }
        let descriptor = try SystemCalls.duplicate(ring)
        do throws(UringError) {
            try SystemCalls.registerFixedTable(descriptor: descriptor, slots: slots)
        } catch {
            curing_close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.slots = slots
    }

    deinit {
        // Fails only when the table is gone already, or from another thread of a single-issuer ring; then it ends with
        // the ring.
        try? SystemCalls.unregisterFixedTable(descriptor: descriptor)
        curing_close(descriptor)
    }

    /// Puts the memory of all of a group's buffers into a slot. From then on the group keeps its pages: it is not trimmed.
    ///
    /// Clear the slot before the group ends, and name it only in sends of this group: the kernel knows a slot by its
    /// addresses, and a later group may get the same ones.
    ///
    /// - Throws: ``UringError`` with `EINVAL` when there is no such slot, or when the group is an adaptive class of a
    ///   ``BufferPool``, whose budget counts on memory that can be given back; `EFAULT` when the group has more than 1 GiB,
    ///   `ENOMEM` at the locked-memory limit.
    public func register(_ group: borrowing BufferGroup, in slot: Int) throws(UringError) {
        try check(slot)
        if unsafe group.header.pointee.budget != nil {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .pooled(group.id.rawValue))
        }
        // Safe: the kernel pins the pages, whatever becomes of the group.
        let (start, bytes) = unsafe (group.header.pointee.slab.baseAddress, group.header.pointee.slab.byteCount)
        let address = UInt64(UInt(bitPattern: start))
        try SystemCalls.updateFixedSlot(descriptor: descriptor, slot: slot, address: address, bytes: bytes)
        unsafe group.header.pointee.isPinned = true
    }

    /// Empties a slot.
    public func clear(_ slot: Int) throws(UringError) {
        try check(slot)
        try SystemCalls.updateFixedSlot(descriptor: descriptor, slot: slot, address: 0, bytes: 0)
    }

    private func check(_ slot: Int) throws(UringError) {
        guard (0..<slots).contains(slot) else {
            throw UringError(.registerFixedBuffers, errno: EINVAL, cause: .fixedSlot(slot))
        }
    }
}
