// What a user says about each class of a pool, and the arithmetic of a budget that suits them.

import Glibc

/// One size of buffers in a ``BufferPool``.
public struct SizeClass: Hashable, Sendable {
    /// Bytes in each buffer, at least 1 and below 2 GiB.
    public var bufferSize: Int
    /// The number of buffers at most: a power of two, 1...32768. Memory is reserved for all, and committed by use.
    public var capacity: Int
    /// How much of a buffer one completion takes.
    public var consumption: Consumption
    /// How many buffers are kept published. With ``RefillPolicy/everything`` all memory of the class counts from the
    /// beginning.
    public var refill: RefillPolicy
    /// How much its books know of each buffer.
    public var level: AccountingLevel
    /// The group's id; one more than that of the class before when `nil`.
    public var id: BufferGroupID?

    public init(
        bufferSize: Int, capacity: Int, consumption: Consumption = .whole, refill: RefillPolicy = .adaptive,
        level: AccountingLevel = .counters, id: BufferGroupID? = nil
    ) {
        self.bufferSize = bufferSize
        self.capacity = capacity
        self.consumption = consumption
        self.refill = refill
        self.level = level
        self.id = id
    }

    /// The most bytes of pages that one buffer touches.
    fileprivate var mostPageBytes: Int {
        let page = PageMemory.pageSize
        if bufferSize % page == 0 { return bufferSize }
        return (bufferSize + page - 1) / page * page + (page % bufferSize == 0 ? 0 : page)
    }
}

/// A list of classes that was found to be good, with ids and shares.
package struct PoolPlan {
    package let classes: [SizeClass]
    package let ids: [BufferGroupID]
    let budget: CommitBudget
    /// Bytes of classes that commit all that they have.
    private let fixed: Int

    package init(_ classes: [SizeClass], budget bytes: Int, firstID: BufferGroupID) throws(UringError) {
        guard !classes.isEmpty else { throw UringError(.createPool, errno: EINVAL, cause: .poolClass(0)) }
        var ids: [BufferGroupID] = []
        var next = Int(firstID.rawValue)
        var fixed = 0
        var least = 0
        for (index, one) in classes.enumerated() {
            // Before any arithmetic with them. Groups say the same of what they are made with.
            guard one.bufferSize > 0, one.bufferSize < 1 << 31 else {
                throw UringError(.createPool, errno: EINVAL, cause: .byteCount(one.bufferSize))
            }
            guard (1...32768).contains(one.capacity), one.capacity.nonzeroBitCount == 1 else {
                throw UringError(.createPool, errno: EINVAL, cause: .capacity(one.capacity))
            }
            guard index == 0 || one.bufferSize > classes[index - 1].bufferSize else {
                throw UringError(.createPool, errno: EINVAL, cause: .poolClass(index))
            }
            let number = one.id.map { Int($0.rawValue) } ?? next
            guard let raw = UInt16(exactly: number), !ids.contains(BufferGroupID(raw)) else {
                throw UringError(.createPool, errno: EINVAL, cause: .groupID(number))
            }
            ids.append(BufferGroupID(raw))
            next = number + 1
            switch one.refill {
            case .everything: fixed += try PageMemory.roundedToPages(one.capacity * one.bufferSize)
            case .adaptive: least += 2 * one.mostPageBytes
            }
        }
        guard bytes >= fixed + least else {
            throw UringError(
                .createPool, errno: EINVAL,
                cause: .budget(
                    given: UInt32(clamping: Swift.max(bytes, 0) >> 10),
                    needed: UInt32(clamping: (fixed + least + 1023) >> 10)))
        }
        self.classes = classes
        self.ids = ids
        self.fixed = fixed
        budget = CommitBudget(limit: bytes, fixed: fixed)
    }

    /// Half of the budget is for what is published, in equal parts: a class that nobody uses keeps no more than its
    /// part, even if each buffer had pages of its own, because what is published cannot be taken back. So a burst in one class has more than half of the budget.
    package func share(of index: Int) -> PoolShare {
        let adaptive = classes.count(where: { $0.refill == .adaptive })
        let bytes = (budget.limit - fixed) / 2 / Swift.max(1, adaptive)
        return PoolShare(budget: budget, mostPublished: Swift.max(1, bytes / classes[index].mostPageBytes))
    }
}
