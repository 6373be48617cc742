// The books of a pool: each class's, their sum, and the budget against the pages.

/// What a pool's classes are doing and did, as plain values.
public struct BufferPoolBooks: Hashable, Sendable {
    /// The books of each class, in their order.
    public internal(set) var classes: [GroupSnapshot]
    /// Bytes that each class has committed.
    public internal(set) var committed: [Int]
    /// Where all buffers are: the six counts add up to all capacities.
    public internal(set) var states = GroupSnapshot.States()
    /// The sums of what the classes count.
    public internal(set) var capacity = 0
    public internal(set) var selected = 0
    public internal(set) var recycled = 0
    public internal(set) var returned = 0
    public internal(set) var receivedBytes = 0
    public internal(set) var published = 0
    public internal(set) var starvations = 0
    public internal(set) var avoidableStarvations = 0
    public internal(set) var trimmedBytes = 0
    /// The budget, what is committed of it, and the most that ever was.
    public internal(set) var budget: Int
    public internal(set) var committedBytes: Int
    public internal(set) var peakCommittedBytes: Int
    /// How often a class wanted to publish a buffer that the budget had no room for.
    public internal(set) var denials: Int
    /// Each rule that does not hold, of the classes and of the pool. Empty when the books balance.
    public internal(set) var violations: [String] = []

    /// Whether every rule holds.
    public var balanced: Bool { violations.isEmpty }

    mutating func add(_ books: GroupSnapshot) {
        states.available += books.states.available
        states.partial += books.states.partial
        states.lent += books.states.lent
        states.sending += books.states.sending
        states.cached += books.states.cached
        states.retired += books.states.retired
        capacity += books.capacity
        selected += books.selected
        recycled += books.recycled
        returned += books.returned
        receivedBytes += books.receivedBytes
        published += books.published
        starvations += books.starvations
        avoidableStarvations += books.avoidableStarvations
        trimmedBytes += books.trimmedBytes
    }
}

extension BufferPool {
    /// The books now. As ``BufferGroup/books()`` for each class; and the pages in use are counted again, from the states.
    public func books() -> BufferPoolBooks {
        var books = BufferPoolBooks(
            classes: [], committed: [], budget: shared.limit, committedBytes: shared.committed,
            peakCommittedBytes: shared.peak, denials: shared.denials)
        for index in 0..<count {
            let one = unsafe groups[index].books()
            books.add(one)
            books.classes.append(one)
            books.committed.append(unsafe groups[index].header.pointee.committedBytes)
            books.violations += one.violations.map { "class \(index): " + $0 }
            if let violation = unsafe groups[index].header.pointee.pageViolation {
                books.violations.append("class \(index): " + violation)
            }
        }
        let sum = books.committed.reduce(0, +)
        if sum != books.committedBytes {
            books.violations.append("the classes committed \(sum) bytes, the budget counts \(books.committedBytes)")
        }
        if books.peakCommittedBytes > books.budget {
            books.violations.append(
                "\(books.peakCommittedBytes) bytes were committed, above the budget \(books.budget)")
        }
        return books
    }
}

extension GroupHeader {
    /// Whether the pages that count as used are those of the buffers that are not spare, or spare and warm.
    fileprivate var pageViolation: String? {
        guard window.isAdaptive else { return nil }
        let size = Int(bufferSize)
        let page = PageMemory.pageSize
        // Safe: positions up to the top hold bids.
        let cold = Set((spares.bottom..<spares.untouched).map { unsafe spares.bids[$0] })
        var pages: Set<Int> = []
        for bid in 0..<UInt16(truncatingIfNeeded: capacity) where !cold.contains(bid) {
            pages.formUnion((Int(bid) * size / page)...((Int(bid + 1) * size - 1) / page))
        }
        return pages.count == trimMap.usedPages
            ? nil : "\(pages.count) pages are in use, the map counts \(trimMap.usedPages)"
    }
}
