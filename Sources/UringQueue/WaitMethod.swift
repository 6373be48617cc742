// Where the kernel finds how long a queue waits.

internal import CUring
internal import UringBuffers

/// How a queue hands the time of a wait to the kernel.
public enum WaitMethod: String, Hashable, Sendable, CaseIterable {
    /// Through a slot of a registered memory region (``MemoryRegion``, Linux 6.13) where the kernel can and the
    /// locked-memory limit has a page left; ``ordinary`` elsewhere. ``UringQueue/waitsThroughRegion`` tells.
    case automatic
    /// In an argument that the kernel copies for each wait. The ring's one region stays free for you.
    case ordinary

    /// For tests: makes ``automatic`` mean ``ordinary``.
    @TaskLocal package static var isForcedOrdinary = false

    var isTried: Bool { self == .automatic && !WaitMethod.isForcedOrdinary }
}

/// The region that holds a queue's one wait slot.
enum WaitRegion {
    /// Registers it on a ring that is not enabled yet; `nil` when that cannot be.
    static func make(for ring: OpaquePointer) -> MemoryRegion? {
        guard let page = try? PageMemory(byteCount: PageMemory.pageSize),
            let region = try? MemoryRegion(
                ownRing: unsafe curing_queue_descriptor(ring), memory: page, waitSlots: 1)
        else { return nil }
        // Safe: the slot lives as long as the queue, which nobody else writes to.
        let slot = unsafe region.rawSlotAddress(0).assumingMemoryBound(to: curing_wait_slot.self)
        unsafe curing_queue_wait_by_slot(ring, slot, UInt64(region.slotOffset(0)))
        return region
    }
}
