// Where page-aligned memory comes from, and how it is mapped.

/// Where page-aligned memory comes from.
public enum PageSource: Hashable, Sendable {
    /// An anonymous private mapping (`mmap`): zeroed, and resident only where it was touched.
    case anonymousMap
    /// The C heap (`posix_memalign`).
    case alignedHeap
    /// A memory file (`memfd_create`), mapped shared: zeroed, resident where touched, and shown under its name in
    /// `/proc/self/smaps`. A forked child shares it.
    case memoryFile(name: String)
    /// Pages of the huge-page pool (`MAP_HUGETLB`), which the administrator reserves; zeroed, and never swapped.
    case hugePages(HugePageSize)

    /// The unit in which memory is mapped and given back.
    var granule: Int {
        if case .hugePages(let size) = self { size.rawValue } else { SystemCalls.pageSize }
    }
}

/// The size of a huge page.
public enum HugePageSize: Int, Hashable, Sendable, CaseIterable {
    case twoMiB = 0x20_0000
    case oneGiB = 0x4000_0000
}

/// How memory is mapped. For mappings; the C heap takes only ``transparentHugePages``.
public struct PageOptions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Charge no swap space for what is not touched (`MAP_NORESERVE`): a pool may be larger than memory, as long as its
    /// use is not.
    public static let noReserve = PageOptions(rawValue: 1 << 0)
    /// Make every page resident now (`MAP_POPULATE`), so that no receive faults one in.
    public static let populate = PageOptions(rawValue: 1 << 1)
    /// Ask for transparent huge pages (`MADV_HUGEPAGE`). A wish: the kernel may not have them.
    public static let transparentHugePages = PageOptions(rawValue: 1 << 2)
    /// An inaccessible page on each side: whoever runs over an end is stopped by `SIGSEGV`.
    public static let guardPages = PageOptions(rawValue: 1 << 3)
    /// When the huge-page pool is empty, take an anonymous mapping; ``PageMemory/fellBack`` tells.
    public static let fallBack = PageOptions(rawValue: 1 << 4)
    /// Leave the memory out of forked children (`MADV_DONTFORK`): no copy on write in the parent, and a fault in a child
    /// that touches it.
    public static let dontFork = PageOptions(rawValue: 1 << 5)
}
