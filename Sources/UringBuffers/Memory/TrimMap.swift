// Which pages of a slab can be given back, when buffers and pages have different sizes.

/// Remembers the buffers whose bytes nobody needs, and finds the pages that lie wholly inside them.
///
///      buffers  │ 0   │ 1   │ 2   │ 3   │ 4   │         free: 1, 2, 3
///      pages    │ 0      │ 1      │ 2      │           whole: 1
@safe
struct TrimMap: ~Copyable {
    private let words: UnsafeMutablePointer<UInt64>
    private let wordCount: Int
    private let capacity: Int
    private let bufferSize: Int
    private let pageSize: Int
    /// Pages that overlap a buffer whose bytes somebody needs.
    var usedPages: Int { usedWord.value }
    let usedWord = OwnedWord()

    /// At first nobody needs anything: the slab was never touched.
    init(capacity: Int, bufferSize: Int, pageSize: Int) {
        self.capacity = capacity
        self.bufferSize = bufferSize
        self.pageSize = pageSize
        wordCount = (capacity + 63) / 64
        unsafe words = .allocate(capacity: wordCount)
        unsafe words.initialize(repeating: .max, count: wordCount)
    }

    deinit { unsafe words.deallocate() }

    // Safe, here and below: bids are below the capacity.

    func isFree(_ bid: UInt16) -> Bool { unsafe words[Int(bid) / 64] >> UInt64(bid % 64) & 1 == 1 }

    mutating func markFree(_ bid: UInt16) {
        guard !isFree(bid) else { return }
        unsafe words[Int(bid) / 64] |= 1 << UInt64(bid % 64)
        usedWord.add(-freePages(of: bid))
    }

    mutating func markUsed(_ bid: UInt16) {
        guard isFree(bid) else { return }
        usedWord.add(freePages(of: bid))
        unsafe words[Int(bid) / 64] &= ~(1 << UInt64(bid % 64))
    }

    /// The pages of the whole slab.
    private var pageCount: Int { (capacity * bufferSize + pageSize - 1) / pageSize }

    /// Whether pages in use are more than a twentieth above what `count` buffers need when they lie together.
    func isScattered(buffers count: Int) -> Bool {
        guard bufferSize % pageSize != 0 else { return false }
        let needed = (count * bufferSize + pageSize - 1) / pageSize
        return usedPages > needed + Swift.max(1, needed / 20)
    }

    /// Calls `body` with free buffers in the order in which they should be used, until it returns false: first those in
    /// pages that are in use anyway, then the others, both by address. O(pages + buffers looked at).
    func forEachFree(_ body: (UInt16) -> Bool) {
        // Every bid once: neighbouring pages share buffers.
        var next = 0
        for page in 0..<pageCount where !isFree(page: page) {
            let first = Swift.max(next, page * pageSize / bufferSize)
            next = Swift.min(((page + 1) * pageSize - 1) / bufferSize, capacity - 1) + 1
            for bid in first..<Swift.max(first, next) where isFree(UInt16(bid)) {
                guard body(UInt16(bid)) else { return }
            }
        }
        for bid in 0..<UInt16(truncatingIfNeeded: capacity) where isFree(bid) {
            // One that overlaps a page in use was told above.
            let start = Int(bid) * bufferSize
            let pages = (start + bufferSize - 1) / pageSize - start / pageSize + 1
            if freePages(of: bid) == pages, !body(bid) { return }
        }
    }

    /// Calls `body` with all free buffers by address. O(capacity / 64 + free buffers).
    func forEachFreeByAddress(_ body: (UInt16) -> Void) {
        for word in 0..<wordCount {
            var bits = unsafe words[word]
            while bits != 0 {
                let bid = word * 64 + bits.trailingZeroBitCount
                guard bid < capacity else { return }
                body(UInt16(bid))
                bits &= bits - 1
            }
        }
    }

    /// How many pages that overlap a buffer overlap only free ones. O(pages), and O(buffers in a page / 64).
    func freePages(of bid: UInt16) -> Int {
        let start = Int(bid) * bufferSize
        var count = 0
        for page in (start / pageSize)...((start + bufferSize - 1) / pageSize) where isFree(page: page) { count += 1 }
        return count
    }

    /// Calls `body` with the byte ranges of all pages that overlap one of `bids`, which ascend, and only free buffers.
    /// Neighbours come as one. O(bids), and the buffers in their first and last pages.
    func forEachFreeRange(of bids: UnsafeBufferPointer<UInt16>, _ body: (Range<Int>) -> Void) {
        var pending = 0..<0
        for index in bids.indices {
            let bid = unsafe bids[index]
            let start = Int(bid) * bufferSize
            let first = Swift.max(start / pageSize, pending.upperBound / pageSize)
            let last = (start + bufferSize - 1) / pageSize
            guard first <= last else { continue }
            for page in first...last where isFree(page: page) {
                let range = page * pageSize..<(page + 1) * pageSize
                if pending.upperBound == range.lowerBound {
                    pending = pending.lowerBound..<range.upperBound
                } else {
                    if !pending.isEmpty { body(pending) }
                    pending = range
                }
            }
        }
        if !pending.isEmpty { body(pending) }
    }

    private func isFree(page: Int) -> Bool {
        let first = page * pageSize / bufferSize
        let last = Swift.min(((page + 1) * pageSize - 1) / bufferSize, capacity - 1)
        return areFree(from: first, through: last)
    }

    private func areFree(from first: Int, through last: Int) -> Bool {
        for word in (first / 64)...(last / 64) {
            var wanted = UInt64.max
            if word == first / 64 { wanted &= .max << UInt64(first % 64) }
            if word == last / 64 { wanted &= .max >> UInt64(63 - last % 64) }
            if unsafe words[word] & wanted != wanted { return false }
        }
        return true
    }
}
