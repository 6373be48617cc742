// The bytes of a memory region, kept while the region or anything that was carved from it lives.

/// Either kind of memory, owned.
private enum RegionBacking: ~Copyable {
    case application(PageMemory)
    case kernel(RegionMapping)
}

/// A kernel-allocated region, mapped in its full length; unmapped when dropped.
@safe
struct RegionMapping: ~Copyable {
    let baseAddress: UnsafeMutableRawPointer
    let byteCount: Int

    init(descriptor: Int32, offset: UInt64, byteCount: Int) throws(UringError) {
        unsafe baseAddress = try SystemCalls.mapRegion(descriptor: descriptor, offset: offset, bytes: byteCount)
        self.byteCount = byteCount
    }

    deinit { unsafe SystemCalls.unmap(baseAddress, bytes: byteCount) }
}

@safe
final class RegionStorage: @unchecked Sendable {
    // @unchecked: nothing changes after init; who may touch which bytes is settled by the region that carves.

    let baseAddress: UnsafeMutableRawPointer
    let byteCount: Int
    private let backing: RegionBacking

    init(_ memory: consuming PageMemory) {
        unsafe baseAddress = unsafe memory.baseAddress
        byteCount = memory.byteCount
        backing = .application(memory)
    }

    init(_ mapping: consuming RegionMapping) {
        unsafe baseAddress = unsafe mapping.baseAddress
        byteCount = mapping.byteCount
        backing = .kernel(mapping)
    }

    /// Where pieces of it come from; of the kernel's own memory as near as can be told.
    var source: PageSource {
        switch backing {
        case .application(let memory): memory.source
        case .kernel: .anonymousMap
        }
    }

    var kind: RingMemoryKind {
        switch backing {
        case .application: .application
        case .kernel: .kernel
        }
    }
}
