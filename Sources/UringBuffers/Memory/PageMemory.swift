// Page-aligned memory with one owner.

import Glibc

/// A block of page-aligned memory, freed when it is dropped.
///
/// The memory starts on a page boundary and its length is rounded up to whole pages, huge ones where they were asked for.
/// Its contents are zero except with ``PageSource/alignedHeap``. Not tied to any thread.
///
/// **After a fork** the child has a copy of private memory as it was then (``PageSource/memoryFile(name:)`` is shared, and
/// ``PageOptions/dontFork`` leaves the memory out). Rings belong to the parent: the kernel goes on filling the parent's
/// buffers, and the child must use neither the group nor its handles.
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
    /// Whether huge pages were asked for and there were none (``PageOptions/fallBack``).
    public let fellBack: Bool
    /// How it was mapped.
    public let options: PageOptions

    /// The bytes in one page of this machine.
    public static var pageSize: Int { SystemCalls.pageSize }

    /// Allocates at least `byteCount` bytes that start at a multiple of `alignment`, which is a page when `nil`.
    ///
    /// - Throws: ``UringError`` with `EINVAL` when `byteCount` is not positive, or `alignment` is not a power of two of at
    ///   least a page; `EOVERFLOW` when rounding up overflows, `ENOMEM` when there is no memory, no address space or no
    ///   huge page.
    public init(
        byteCount: Int, alignment: Int? = nil, source: PageSource = .anonymousMap, options: PageOptions = .noReserve
    ) throws(UringError) {
        let alignment = alignment ?? SystemCalls.pageSize
        guard alignment >= SystemCalls.pageSize, alignment & (alignment - 1) == 0 else {
            throw UringError(.allocateMemory, errno: EINVAL, cause: .misaligned(alignment))
        }
        var made = source
        var rounded = try PageMemory.rounded(byteCount, to: source.granule)
        let memory: UnsafeMutableRawPointer
        do throws(UringError) {
            unsafe memory = try PageMemory.allocate(rounded, alignment, source, options)
        } catch {
            // No page is ENOMEM, no pool of that size EINVAL or ENOENT.
            guard case .hugePages(let size) = source, error.cause == .kernel else { throw error }
            guard options.contains(.fallBack) else {
                throw UringError(.allocateMemory, errno: error.errno, cause: .noHugePages(size))
            }
            made = .anonymousMap
            rounded = try PageMemory.rounded(byteCount, to: SystemCalls.pageSize)
            unsafe memory = try PageMemory.allocate(rounded, alignment, made, options)
        }
        unsafe baseAddress = unsafe memory
        self.byteCount = rounded
        self.source = made
        self.options = options
        fellBack = made != source
        holder = nil
        if options.contains(.transparentHugePages) { unsafe SystemCalls.advise(memory, rounded, MADV_HUGEPAGE) }
    }

    /// Pages of a region, which stays as long as they do.
    init(partOf region: RegionStorage, offset: Int, byteCount: Int) {
        // Safe: the region checked the range and gives it to nobody else.
        unsafe baseAddress = unsafe region.baseAddress + offset
        self.byteCount = byteCount
        source = region.source
        options = []
        fellBack = false
        holder = region
    }

    /// Room for `count` elements of `stride` bytes each.
    ///
    /// - Throws: as ``init(byteCount:alignment:source:options:)``; `EOVERFLOW` also when the product overflows.
    public init(
        count: Int, stride: Int, source: PageSource = .anonymousMap, options: PageOptions = .noReserve
    ) throws(UringError) {
        guard count > 0, stride > 0 else {
            throw UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(Swift.min(count, stride)))
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: stride)
        guard !overflow else { throw UringError(.allocateMemory, errno: EOVERFLOW, cause: .byteCount(count)) }
        try self.init(byteCount: bytes, source: source, options: options)
    }

    deinit {
        guard holder == nil else { return }
        // Safe: the block came from there and ends once, here.
        guard source != .alignedHeap else {
            // What the heap hands out next is to be in children again, or they would die of it.
            if options.contains(.dontFork), unsafe !SystemCalls.advise(baseAddress, byteCount, MADV_DOFORK) {
                return unsafe Abandoned.keep(baseAddress, byteCount: byteCount)
            }
            return unsafe free(baseAddress)
        }
        let margin = guardBytes
        unsafe SystemCalls.unmap(baseAddress - margin, bytes: byteCount + 2 * margin)
    }

    private var guardBytes: Int { options.contains(.guardPages) ? source.granule : 0 }

    /// How many bytes are resident in physical memory now, a multiple of the page size (`mincore`).
    ///
    /// Costs about 10 µs per 64 MiB: for reports, not for loops.
    public var residentBytes: Int { unsafe Residency.bytes(at: baseAddress, count: byteCount) }

    /// Makes the touch of a page bring in that page, and no neighbours, whatever the machine's setting.
    func avoidHugePages() { unsafe SystemCalls.advise(baseAddress, byteCount, MADV_NOHUGEPAGE) }

    /// Whether ``giveBack(offset:byteCount:)`` can do it. Pieces of a region never: the kernel has those very pages.
    var canGiveBack: Bool { if case .hugePages = source { false } else { holder == nil } }

    /// Gives whole pages back to the system; what they held is zero when it is touched again. Returns false when the
    /// source cannot (huge pages, regions).
    @discardableResult
    func giveBack(offset: Int, byteCount: Int) -> Bool {
        assert(offset % SystemCalls.pageSize == 0 && byteCount % SystemCalls.pageSize == 0)
        guard canGiveBack else { return false }
        switch source {
        case .anonymousMap, .alignedHeap:
            return unsafe SystemCalls.advise(baseAddress + offset, byteCount, MADV_DONTNEED)
        // A shared mapping keeps its pages in the file: punch a hole.
        case .memoryFile: return unsafe SystemCalls.advise(baseAddress + offset, byteCount, MADV_REMOVE)
        case .hugePages: return false
        }
    }

    static func roundedToPages(_ bytes: Int) throws(UringError) -> Int { try rounded(bytes, to: SystemCalls.pageSize) }

    private static func rounded(_ bytes: Int, to granule: Int) throws(UringError) -> Int {
        guard bytes > 0 else { throw UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(bytes)) }
        let (sum, overflow) = bytes.addingReportingOverflow(granule - 1)
        guard !overflow else { throw UringError(.allocateMemory, errno: EOVERFLOW, cause: .byteCount(bytes)) }
        return sum & ~(granule - 1)
    }

    private static func allocate(
        _ bytes: Int, _ alignment: Int, _ source: PageSource, _ options: PageOptions
    ) throws(UringError) -> UnsafeMutableRawPointer {
        guard source != .alignedHeap else {
            return unsafe try SystemCalls.allocateAligned(bytes: bytes, alignment: alignment, options: options)
        }
        let granule = source.granule
        return unsafe try SystemCalls.map(
            bytes: bytes, alignment: Swift.max(alignment, granule), source: source, options: options,
            margin: options.contains(.guardPages) ? granule : 0)
    }
}
