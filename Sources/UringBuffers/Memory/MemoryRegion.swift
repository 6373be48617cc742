// The one region of memory that a ring can share with the kernel.

internal import CUring
import Glibc

/// A registered memory region (`io_uring_register_region`, `IORING_REGISTER_MEM_REGION`; Linux 6.13).
///
/// The kernel pins the memory, or allocates it, and can read wait arguments from it: see ``RegisteredWait``. For the rest
/// it is ordinary memory: carve pieces for buffer rings and slabs from it, or use ``bytes``.
///
/// ```
///      0                                                                       byteCount
///      ├── carved pieces ──┬───── bytes ──────┬── wait slots, 64 bytes each ──┬── 64 ──┤
/// ```
///
/// The last 64 bytes stay empty when there are wait slots: the kernel (seen in 6.18) takes a slot there for the one at
/// the region's very beginning.
///
/// **For ever.** A ring has one region at most, and there is no call to unregister it. Dropping this value gives up
/// *our* hold on the memory, as soon as the last carved piece ends too; the kernel keeps its pages and the charge to the
/// locked-memory limit until the ring itself is gone, shortly after its last descriptor is closed, of which the region
/// holds one. Another region cannot take its place.
///
/// **Fields and flags.** Descriptor: address, size and `IORING_MEM_REGION_TYPE_USER` follow from the initializer; the
/// mapping offset is used for kernel memory and is nothing that a caller needs; `id` and the reserved words must be 0 and
/// are not offered. Argument: `IORING_MEM_REGION_REG_WAIT_ARG` is set when there are wait slots.
@safe
public struct MemoryRegion: ~Copyable, @unchecked Sendable {
    // @unchecked: `mutableBytes` and `carve` are exclusive; a wait slot's user is its own.

    let storage: RegionStorage
    let descriptor: Int32
    private let ownsDescriptor: Bool
    /// The number of wait slots at the end of the region.
    public let waitSlots: Int
    /// The signal masks that slots point to.
    let masks: UnsafeMutablePointer<UInt64>
    private var carved = 0

    /// The bytes of a wait slot.
    static let slotBytes = MemoryLayout<curing_wait_slot>.size

    /// The bytes that so many slots take. One more than they are: the kernel's guard against speculation
    /// (`array_index_nospec`) turns the offset of the last 64 bytes into 0.
    static func bytes(forSlots slots: Int) -> Int { slots == 0 ? 0 : (slots + 1) * slotBytes }

    /// Registers application memory.
    ///
    /// - Parameters:
    ///   - ring: the descriptor of any io_uring; the region keeps a duplicate of it.
    ///   - memory: freed when nobody uses the region any more.
    ///   - waitSlots: how many wait slots to set apart. With any, the ring must not be enabled yet
    ///     (`IORING_SETUP_R_DISABLED`); call ``enable(ring:)`` afterwards.
    /// - Throws: ``UringError`` with `EBUSY` when the ring has a region, `EINVAL` when it is enabled and there are wait
    ///   slots, when those do not fit, or when the kernel has no regions (the cause tells which); `ENOMEM` at the
    ///   locked-memory limit, `EEXIST` from the wrong thread of a single-issuer ring, `EACCES` when the ring is
    ///   restricted. Nothing stays registered, and the memory is freed.
    public init(ring: Int32, memory: consuming PageMemory, waitSlots: Int = 0) throws(UringError) {
        let descriptor = try SystemCalls.duplicate(ring)
        do throws(UringError) {
            try self.init(registering: memory, on: descriptor, ownsDescriptor: true, waitSlots: waitSlots)
        } catch {
            curing_close(descriptor)
            throw error
        }
    }

    /// The same for whoever owns the ring, and outlives the region.
    package init(ownRing descriptor: Int32, memory: consuming PageMemory, waitSlots: Int) throws(UringError) {
        try self.init(registering: memory, on: descriptor, ownsDescriptor: false, waitSlots: waitSlots)
    }

    private init(
        registering memory: consuming PageMemory, on descriptor: Int32, ownsDescriptor: Bool, waitSlots: Int
    ) throws(UringError) {
        try MemoryRegion.check(waitSlots, in: memory.byteCount)
        // The C heap gives memory that was used before.
        let room = MemoryRegion.bytes(forSlots: waitSlots)
        // Safe: the slots lie at the end of the memory, which is ours.
        unsafe (memory.baseAddress + (memory.byteCount - room))
            .initializeMemory(as: UInt8.self, repeating: 0, count: room)
        _ = unsafe try SystemCalls.registerRegion(
            descriptor: descriptor, address: memory.baseAddress, bytes: memory.byteCount, forWaits: waitSlots > 0)
        self.init(RegionStorage(memory), descriptor, ownsDescriptor, waitSlots)
    }

    /// Registers memory that the kernel allocates, zeroed, and maps it.
    ///
    /// It must be one contiguous block: 4 MiB are about the most, and less when memory is fragmented. Not for slabs.
    /// - Parameter kernelBytes: rounded up to whole pages.
    /// - Throws: as ``init(ring:memory:waitSlots:)``; `ENOMEM` also when the kernel has no such block. When there is no
    ///   address space to map it, the ring keeps the region all the same.
    public init(ring: Int32, kernelBytes: Int, waitSlots: Int = 0) throws(UringError) {
        let bytes = try PageMemory.roundedToPages(kernelBytes)
        try MemoryRegion.check(waitSlots, in: bytes)
        let descriptor = try SystemCalls.duplicate(ring)
        let mapping: RegionMapping
        do throws(UringError) {
            let offset = unsafe try SystemCalls.registerRegion(
                descriptor: descriptor, address: nil, bytes: bytes, forWaits: waitSlots > 0)
            mapping = try RegionMapping(descriptor: descriptor, offset: offset, byteCount: bytes)
        } catch {
            curing_close(descriptor)
            throw error
        }
        self.init(RegionStorage(mapping), descriptor, true, waitSlots)
    }

    private init(_ storage: RegionStorage, _ descriptor: Int32, _ ownsDescriptor: Bool, _ waitSlots: Int) {
        self.storage = storage
        self.descriptor = descriptor
        self.ownsDescriptor = ownsDescriptor
        self.waitSlots = waitSlots
        unsafe masks = .allocate(capacity: waitSlots)
        unsafe masks.initialize(repeating: 0, count: waitSlots)
    }

    deinit {
        // Safe: the kernel reads a mask only while a wait begins, which borrows the region.
        unsafe masks.deallocate()
        if ownsDescriptor { curing_close(descriptor) }
    }

    private static func check(_ waitSlots: Int, in bytes: Int) throws(UringError) {
        guard waitSlots >= 0, waitSlots < bytes / slotBytes else {
            throw UringError(.registerRegion, errno: EINVAL, cause: .waitSlot(waitSlots))
        }
    }

    /// Enables a ring that was made with `IORING_SETUP_R_DISABLED` (`IORING_REGISTER_ENABLE_RINGS`).
    ///
    /// The calling thread becomes the one that a single-issuer ring belongs to.
    /// - Throws: ``UringError`` with `EBADFD` when it is enabled already.
    public static func enable(ring: Int32) throws(UringError) {
        try SystemCalls.enableRing(descriptor: ring)
    }

    /// The length of the region: a multiple of the page size.
    public var byteCount: Int { storage.byteCount }
    /// Who allocated the memory.
    public var memoryKind: RingMemoryKind { storage.kind }
    /// The bytes that are neither carved nor wait slots.
    public var available: Int { storage.byteCount - carved - MemoryRegion.bytes(forSlots: waitSlots) }
}

extension MemoryRegion {
    /// The bytes that are neither carved nor wait slots. They begin on a page boundary.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: storage.baseAddress + carved, byteCount: available)
            // Safe: the storage lives as long as the region, and nobody else has these bytes.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The same bytes, writable.
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableRawSpan(_unsafeStart: storage.baseAddress + carved, byteCount: available)
            // Safe: as above, and exclusive because the access is.
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Takes pages off the front of ``bytes``, for a ``BufferRing``, a ``BufferGroup`` or yourself.
    ///
    /// The piece keeps the region's memory alive. It does not come back to the region when it is dropped.
    /// - Parameter byteCount: rounded up to whole pages.
    /// - Throws: ``UringError`` with `ENOMEM` when fewer bytes are left.
    public mutating func carve(byteCount: Int) throws(UringError) -> PageMemory {
        let bytes = try PageMemory.roundedToPages(byteCount)
        guard bytes <= available else {
            throw UringError(.allocateMemory, errno: ENOMEM, cause: .regionFull(available))
        }
        defer { carved += bytes }
        return PageMemory(partOf: storage, offset: carved, byteCount: bytes)
    }
}
