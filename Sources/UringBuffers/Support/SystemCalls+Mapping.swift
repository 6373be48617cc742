// The system calls that make and end mappings.

internal import CUring
import Glibc

extension SystemCalls {
    /// Maps `bytes` at a multiple of `alignment`, with an inaccessible margin on each side. All three are multiples of the
    /// source's granule.
    static func map(
        bytes: Int, alignment: Int, source: PageSource, options: PageOptions, margin: Int
    ) throws(UringError) -> UnsafeMutableRawPointer {
        // Address space first, more than is needed, so that an aligned stretch lies inside; the memory goes there, and
        // what is before and after it goes back.
        let (wanted, overflow) = bytes.addingReportingOverflow(alignment + 2 * margin)
        guard !overflow else { throw UringError(.allocateMemory, errno: EOVERFLOW, cause: .byteCount(bytes)) }
        let space = unsafe try check(
            mapMemory(nil, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))
        let first = UInt(bitPattern: space) + UInt(margin)
        let start = unsafe space + Int((first + UInt(alignment) - 1) & ~UInt(alignment - 1)) - Int(bitPattern: space)
        let before = unsafe start - space - margin
        let after = wanted - before - bytes - 2 * margin
        do throws(UringError) {
            unsafe try fill(start, bytes: bytes, source: source, options: options)
        } catch {
            unsafe unmap(space, bytes: wanted)
            throw error
        }
        if before > 0 { unsafe unmap(space, bytes: before) }
        if after > 0 { unsafe unmap(start + bytes + margin, bytes: after) }
        return unsafe start
    }

    /// Puts memory where there is only address space.
    private static func fill(
        _ start: UnsafeMutableRawPointer, bytes: Int, source: PageSource, options: PageOptions
    ) throws(UringError) {
        var flags = MAP_FIXED
        if options.contains(.noReserve) { flags |= MAP_NORESERVE }
        if options.contains(.populate) { flags |= MAP_POPULATE }
        var file: Int32 = -1
        switch source {
        case .memoryFile(let name):
            file = try memoryFile(name, bytes: bytes)
            flags |= MAP_SHARED
        case .hugePages(let size):
            // Reserved always: else the mapping succeeds without pages, and touching it kills. The size's logarithm goes
            // into the bits that MAP_HUGE_SHIFT says.
            flags &= ~MAP_NORESERVE
            flags |= MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | Int32(size.rawValue.trailingZeroBitCount) << 26
        case .anonymousMap, .alignedHeap: flags |= MAP_PRIVATE | MAP_ANONYMOUS
        }
        // The mapping keeps the file.
        defer { if file >= 0 { curing_close(file) } }
        // Safe: the range is ours and holds nothing yet.
        _ = unsafe try check(mapMemory(start, bytes, PROT_READ | PROT_WRITE, flags, file, 0))
        if options.contains(.dontFork) { unsafe try keepFromChildren(start, bytes) }
    }

    private static func memoryFile(_ name: String, bytes: Int) throws(UringError) -> Int32 {
        let file = unsafe curing_memory_file(name, UInt64(bytes))
        guard file >= 0 else { throw UringError(.allocateMemory, errno: -file) }
        return file
    }

    private static func check(_ memory: UnsafeMutableRawPointer?) throws(UringError) -> UnsafeMutableRawPointer {
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw UringError(.allocateMemory, errno: Glibc.errno)
        }
        return unsafe memory
    }

    /// A promise, not a wish.
    static func keepFromChildren(_ start: UnsafeMutableRawPointer, _ bytes: Int) throws(UringError) {
        guard unsafe advise(start, bytes, MADV_DONTFORK) else {
            throw UringError(.allocateMemory, errno: Glibc.errno)
        }
    }

    /// Tells the kernel about a range of ours. Returns whether it took the advice.
    @discardableResult
    static func advise(_ start: UnsafeMutableRawPointer, _ bytes: Int, _ advice: Int32) -> Bool {
        unsafe curing_fails(CURING_CALL_MADVISE) == 0 && madvise(start, bytes, advice) == 0
    }
}
