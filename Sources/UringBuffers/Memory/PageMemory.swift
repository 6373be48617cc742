// Page-aligned memory with one owner.

import Glibc

/// Where page-aligned memory comes from.
public enum PageSource: String, Hashable, Sendable, CaseIterable {
    /// An anonymous private mapping (`mmap`): zeroed, and resident only where it was touched.
    case anonymousMap = "mmap"
    /// The C heap (`posix_memalign`).
    case alignedHeap = "posix_memalign"
}

/// A block of page-aligned memory, freed when it is dropped.
///
/// The memory starts on a page boundary and its length is rounded up to whole pages. Its contents are zero with
/// ``PageSource/anonymousMap`` and undefined with ``PageSource/alignedHeap``. Not tied to any thread.
@safe
public struct PageMemory: ~Copyable, @unchecked Sendable {
    // @unchecked: the pointer is owned by this value alone, and moving the value moves the memory.

    /// The first byte.
    public let baseAddress: UnsafeMutableRawPointer
    /// The length in bytes: a positive multiple of ``pageSize``.
    public let byteCount: Int
    /// Where the memory came from.
    public let source: PageSource
    /// What keeps the memory, when it is part of a ``MemoryRegion``.
    private let holder: RegionStorage?

    /// The bytes in one page of this machine.
    public static var pageSize: Int { SystemCalls.pageSize }

    /// Allocates at least `byteCount` bytes that start at a multiple of `alignment`, which is a page when `nil`.
    ///
    /// - Throws: ``UringError`` with `EINVAL` when `byteCount` is not positive, or `alignment` is not a power of two of at
    ///   least a page; `EOVERFLOW` when rounding up overflows, `ENOMEM` when there is no memory or address space.
    public init(
        byteCount: Int, alignment: Int? = nil, source: PageSource = .anonymousMap
    ) throws(UringError) {
        let rounded = try PageMemory.roundedToPages(byteCount)
        let alignment = alignment ?? SystemCalls.pageSize
        guard alignment >= SystemCalls.pageSize, alignment & (alignment - 1) == 0 else {
            throw UringError(.allocateMemory, errno: EINVAL, cause: .misaligned(alignment))
        }
        let memory: UnsafeMutableRawPointer
        switch source {
        case .anonymousMap:
            unsafe memory = try SystemCalls.mapAnonymous(bytes: rounded, alignment: alignment)
        case .alignedHeap:
            unsafe memory = try SystemCalls.allocateAligned(bytes: rounded, alignment: alignment)
        }
        unsafe baseAddress = unsafe memory
        self.byteCount = rounded
        self.source = source
        holder = nil
    }

    /// Pages of a region, which stays as long as they do.
    init(partOf region: RegionStorage, offset: Int, byteCount: Int) {
        // Safe: the region checked the range and gives it to nobody else.
        unsafe baseAddress = unsafe region.baseAddress + offset
        self.byteCount = byteCount
        source = .anonymousMap
        holder = region
    }

    /// Room for `count` elements of `stride` bytes each.
    ///
    /// - Throws: as ``init(byteCount:source:)``; `EOVERFLOW` also when the product overflows.
    public init(count: Int, stride: Int, source: PageSource = .anonymousMap) throws(UringError) {
        guard count > 0, stride > 0 else {
            throw UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(Swift.min(count, stride)))
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: stride)
        guard !overflow else { throw UringError(.allocateMemory, errno: EOVERFLOW, cause: .byteCount(count)) }
        try self.init(byteCount: bytes, source: source)
    }

    deinit {
        guard holder == nil else { return }
        switch source {
        case .anonymousMap: unsafe SystemCalls.unmap(baseAddress, bytes: byteCount)
        // Safe: the block came from posix_memalign and is freed once, here.
        case .alignedHeap: unsafe free(baseAddress)
        }
    }

    /// How many bytes are resident in physical memory now, a multiple of the page size (`mincore`).
    ///
    /// Costs about 10 µs per 64 MiB: for reports, not for loops.
    public var residentBytes: Int { unsafe Residency.bytes(at: baseAddress, count: byteCount) }

    static func roundedToPages(_ bytes: Int) throws(UringError) -> Int {
        guard bytes > 0 else { throw UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(bytes)) }
        let page = SystemCalls.pageSize
        let (sum, overflow) = bytes.addingReportingOverflow(page - 1)
        guard !overflow else { throw UringError(.allocateMemory, errno: EOVERFLOW, cause: .byteCount(bytes)) }
        return sum & ~(page - 1)
    }
}
