// A block of memory with several owners and an identity: what slots of fixed-buffer tables hold on to.

internal import Synchronization

/// Memory that lives as long as a group, its handles, or a slot of a fixed-buffer table needs it.
///
/// The kernel pins the *pages* of a slot. So while a slot names them, the memory stays mapped and its pages stay the
/// same: else other memory could get the same addresses, or these addresses other pages, and a request that names the
/// slot would silently use the old bytes.
final class Slab: Sendable {
    private let memory: PageMemory
    /// Different for all slabs that this process ever has; addresses are not.
    let identity: UInt64
    /// Slots that name a part of it, and replaced ones that the kernel may still use.
    private let pins = Atomic<Int>(0)

    private static let made = Atomic<UInt64>(0)

    init(_ memory: consuming PageMemory) {
        self.memory = memory
        identity = Slab.made.add(1, ordering: .relaxed).newValue
    }

    var baseAddress: UnsafeMutableRawPointer { unsafe memory.baseAddress }
    var byteCount: Int { memory.byteCount }
    var source: PageSource { memory.source }
    var fellBack: Bool { memory.fellBack }
    var residentBytes: Int { memory.residentBytes }

    /// See ``PageMemory/avoidHugePages()``.
    func avoidHugePages() { memory.avoidHugePages() }

    /// Pages that the kernel has pinned must not be exchanged for new ones.
    var canGiveBack: Bool { memory.canGiveBack && pins.load(ordering: .acquiring) == 0 }

    /// See ``PageMemory/giveBack(offset:byteCount:)``; false while it is pinned.
    func giveBack(offset: Int, byteCount: Int) -> Bool {
        canGiveBack && memory.giveBack(offset: offset, byteCount: byteCount)
    }

    func pin() { pins.add(1, ordering: .acquiringAndReleasing) }
    func unpin() { pins.subtract(1, ordering: .acquiringAndReleasing) }
}
