// The memory that holds a ring's entries: ours, or the kernel's mapped into our address space.

/// Who allocates the memory of a buffer ring's entries.
public enum RingMemoryKind: String, Hashable, Sendable, CaseIterable {
    /// The application, page aligned; the kernel pins it.
    case application
    /// The kernel (`IOU_PBUF_RING_MMAP`, Linux 6.4), mapped from the ring descriptor. Group ids below 2048 only.
    case kernel
}

/// The mapped entries of one kernel-allocated ring, unmapped when dropped.
@safe
struct KernelRingMapping: ~Copyable {
    let baseAddress: UnsafeMutableRawPointer
    let byteCount: Int

    init(descriptor: Int32, group: BufferGroupID, byteCount: Int) throws(UringError) {
        unsafe baseAddress = try SystemCalls.mapKernelRing(
            descriptor: descriptor, group: group.rawValue, bytes: byteCount)
        self.byteCount = byteCount
    }

    deinit { unsafe SystemCalls.unmap(baseAddress, bytes: byteCount) }
}

/// Either kind, owned.
enum RingMemory: ~Copyable {
    case application(PageMemory)
    case kernel(KernelRingMapping)

    var baseAddress: UnsafeMutableRawPointer {
        switch self {
        case .application(let memory): unsafe memory.baseAddress
        case .kernel(let mapping): unsafe mapping.baseAddress
        }
    }
}
