// The one budget of a pool, and what each class is told of it when it is made.

/// Memory that the classes of a pool have committed together: pages that overlap a buffer that is published, lent, or spare
/// and neither untouched nor given back. What is resident is among them. Owner's thread.
final class CommitBudget {
    let limit: Int
    private let pageSize = PageMemory.pageSize
    private(set) var committed: Int
    private(set) var peak: Int
    /// How often there was no room for what a class wanted to publish.
    private(set) var denials = 0

    /// - Parameter fixed: bytes of classes that commit all that they have.
    init(limit: Int, fixed: Int) {
        self.limit = limit
        committed = fixed
        peak = fixed
    }

    func hasRoom(pages: Int) -> Bool { committed + pages * pageSize <= limit }

    /// Counts `pages` more, unless that is more than the limit.
    func commit(pages: Int) -> Bool {
        guard hasRoom(pages: pages) else {
            denials += 1
            return false
        }
        committed += pages * pageSize
        peak = Swift.max(peak, committed)
        return true
    }

    func release(pages: Int) { committed -= pages * pageSize }
}

/// What a group is given when it becomes a class of a pool.
package struct PoolShare {
    let budget: CommitBudget
    /// The most buffers that the group keeps published.
    let mostPublished: Int

    func windowLimit(of capacity: Int, _ policy: RefillPolicy) -> Int {
        policy == .adaptive ? Swift.min(capacity, mostPublished) : capacity
    }
}
