// What a program means to set up, as far as the kernel charges it to the locked-memory limit.

/// Queues, rings, regions and fixed buffers that are to exist at the same time.
///
/// The data buffers of a group are not part of it: they are neither pinned nor charged.
public struct MemlockPlan: Hashable, Sendable {
    /// One thing that may be charged.
    public enum Item: Hashable, Sendable {
        /// An io_uring. The kernel rounds both numbers up to powers of two.
        case queue(entries: Int, completionEntries: Int)
        /// A buffer ring, whoever allocates its memory: 16 bytes for each buffer.
        case bufferRing(entries: Int)
        /// A memory region.
        case region(bytes: Int)
        /// Memory in a slot of a table of fixed buffers. Memory that begins within a page counts that page; a huge page is
        /// charged whole.
        case fixedBuffers(bytes: Int)
    }

    public var items: [Item]

    public init(_ items: [Item] = []) { self.items = items }

    /// A queue and one group, the usual pool. Twice the entries can complete when `completionEntries` is `nil`.
    public static func pool(entries: Int, completionEntries: Int? = nil, buffers: Int) -> MemlockPlan {
        MemlockPlan([
            .queue(entries: entries, completionEntries: completionEntries ?? 2 * entries),
            .bufferRing(entries: buffers),
        ])
    }

    /// This and what comes on top of it.
    public func and(_ items: Item...) -> MemlockPlan { MemlockPlan(self.items + items) }
}

extension MemlockPlan.Item {
    /// The pages that the kernel counts, in bytes.
    var bytes: Int {
        switch self {
        case .queue(let entries, let completionEntries):
            let submissions = Self.roundedUp(entries)
            let completions = Self.roundedUp(completionEntries)
            // Two blocks: the requests of 64 bytes, and both rings: a header of five cache lines, 16 bytes for each
            // completion, 4 for each request's index.
            return Self.pages(submissions * 64) + Self.pages(320 + completions * 16 + submissions * 4)
        case .bufferRing(let entries): return Self.pages(entries * 16)
        case .region(let bytes), .fixedBuffers(let bytes): return Self.pages(bytes)
        }
    }

    /// Whether it is an io_uring's own memory, or a buffer ring's, which older kernels did not charge.
    var isRing: Bool {
        switch self {
        case .queue, .bufferRing: true
        case .region, .fixedBuffers: false
        }
    }

    private static func roundedUp(_ entries: Int) -> Int {
        entries <= 1 ? 1 : 1 << (Int.bitWidth - (entries - 1).leadingZeroBitCount)
    }

    private static func pages(_ bytes: Int) -> Int {
        let page = PageMemory.pageSize
        return (max(0, bytes) + page - 1) / page * page
    }
}

extension MemlockPlan.Item: CustomStringConvertible {
    public var description: String {
        switch self {
        case .queue(let entries, let completionEntries):
            "a queue of \(entries) requests and \(completionEntries) completions"
        case .bufferRing(let entries): "a ring of \(entries) buffers"
        case .region: "a memory region"
        case .fixedBuffers: "fixed buffers"
        }
    }
}
