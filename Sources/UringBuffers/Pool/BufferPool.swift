// Buffers of several sizes under one budget of memory.

import Glibc
internal import RingArithmetic

/// Several ``BufferGroup``s on one ring, the classes, that share a budget: each receive selects from the class whose
/// buffers suit what it is expected to bring.
///
/// ```swift
/// let pool = try BufferPool(
///     ring: queue.descriptor,
///     classes: [
///         SizeClass(bufferSize: 512, capacity: 8192), SizeClass(bufferSize: 4096, capacity: 4096),
///         SizeClass(bufferSize: 65536, capacity: 512),
///     ], budget: 16 << 20)
/// let choice = pool.choose(for: estimate.bytes)           // a ReceiveEstimate of the connection
/// queue.receive(from: socket, into: pool[choice.id], tag: …)
/// …
/// switch pool[id].take(completion) { … }                  // the id that the receive was armed with
/// …
/// pool.refill()                                           // once for each batch
/// ```
///
/// A receive that starved, because others took what there was when it was armed, chooses again; when the choice is
/// ``PoolChoice/Reason/exhausted`` it waits for its group (``BufferGroup/rearmWhenRefilled(_:tag:)``).
///
/// **The budget** bounds the bytes of pages that overlap a buffer which is published, lent, or spare and warm:
/// ``committedBytes``, in all classes together, at any moment; so it bounds what is resident. Where it ends, a class goes on
/// with the buffers that it has, and ``refill()`` gives it pages of spare buffers of the others: cold ones at once, any
/// when its published buffers have become few. Half of the budget is for published buffers, an equal part for each class.
///
/// **Thread rule, lifetime**: as for a group.
@safe
public struct BufferPool: ~Copyable {
    @usableFromInline let groups: UnsafeMutablePointer<BufferGroup>
    /// The number of classes.
    public let count: Int
    /// The group ids of the classes, in their order.
    public let ids: [BufferGroupID]
    /// Bytes in the buffers of each class, ascending.
    public let bufferSizes: [Int]
    let shared: CommitBudget

    /// Registers a group for each class and publishes its first buffers.
    ///
    /// - Parameters:
    ///   - ring: the descriptor of any io_uring; the groups keep duplicates of it.
    ///   - classes: by ascending buffer size.
    ///   - budget: the most bytes that all classes together have committed. Twice the pages of one buffer of each class
    ///     is the least, and all of a class with ``RefillPolicy/everything``.
    ///   - firstID: the id of the first class that names none.
    ///   - wakeOnReturn: as for a group, for all classes.
    /// - Throws: ``UringError``; nothing stays registered or allocated.
    public init(
        ring: Int32, classes: [SizeClass], budget: Int, firstID: BufferGroupID = 0,
        wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) {
        try self.init(PoolPlan(classes, budget: budget, firstID: firstID)) { one, id, share throws(UringError) in
            try BufferGroup(
                capacity: one.capacity, bufferSize: one.bufferSize, consumption: one.consumption, refill: one.refill,
                slab: .anonymousMap, slabOptions: .noReserve, level: one.level, wakeOnReturn: wakeOnReturn, share: share
            ) { entries throws(UringError) in
                try RingRegistration(
                    ring: ring, id: id, capacity: entries, consumption: one.consumption, memory: .application,
                    source: .anonymousMap)
            }
        }
    }

    /// The same with groups that `make` makes: on something that stands in for the kernel.
    package init(
        _ plan: PoolPlan, make: (SizeClass, BufferGroupID, PoolShare) throws(UringError) -> BufferGroup
    ) throws(UringError) {
        let groups = UnsafeMutablePointer<BufferGroup>.allocate(capacity: plan.classes.count)
        for index in plan.classes.indices {
            do throws(UringError) {
                let group = try make(plan.classes[index], plan.ids[index], plan.share(of: index))
                unsafe (groups + index).initialize(to: group)
            } catch {
                // Safe: so many were initialised, and nobody else has seen them.
                unsafe groups.deinitialize(count: index)
                unsafe groups.deallocate()
                throw error
            }
        }
        unsafe self.groups = unsafe groups
        count = plan.classes.count
        ids = plan.ids
        bufferSizes = plan.classes.map(\.bufferSize)
        shared = plan.budget
    }

    deinit {
        // Safe, here and below: `count` groups are initialised as long as the pool lives.
        unsafe groups.deinitialize(count: count)
        unsafe groups.deallocate()
    }

    // MARK: Classes

    /// The group of a class, by its place in the list.
    @inlinable
    public subscript(class index: Int) -> BufferGroup {
        _read {
            demand(index >= 0 && index < count, "the pool has no class \(index)")
            yield unsafe groups[index]
        }
    }

    /// The group with an id: of a choice, or the one that a completion's receive was armed with. O(classes). Traps when the
    /// pool has no such group.
    @inlinable
    public subscript(_ id: BufferGroupID) -> BufferGroup {
        _read {
            guard let index = index(of: id) else { fatalError("the pool has no group \(id), but \(ids)") }
            yield unsafe groups[index]
        }
    }

    /// The place of the group with an id; `nil` when the pool has none.
    @inlinable
    public func index(of id: BufferGroupID) -> Int? {
        for index in 0..<count where unsafe groups[index].id == id { return index }
        return nil
    }

    // MARK: Choosing

    /// The class for a receive that is expected to bring so many bytes: the smallest that holds them in one buffer, and the
    /// largest when none does. A class that has nothing left within the budget, not even after taking pages of spare
    /// buffers of others, is passed over for the next larger one with something left, then for smaller ones.
    ///
    /// Publishes when the class has buffers and none is published. O(classes), and one publish at most.
    public func choose(for expected: Int) -> PoolChoice {
        let (index, reason) = PoolChoice.decide(sizes: bufferSizes, expected: expected) { makeAvailable($0) }
        return PoolChoice(index: index, id: ids[index], bufferSize: bufferSizes[index], reason: reason)
    }

    /// Whether a receive would find a buffer now.
    private func makeAvailable(_ index: Int) -> Bool {
        let header = unsafe groups[index].header
        unsafe header.pointee.checkOwner()
        if unsafe header.pointee.ring.selectable > 0 { return true }
        unsafe header.pointee.publishMore()
        if unsafe header.pointee.ring.selectable == 0, unsafe header.pointee.denied > 0 {
            var steps = BufferPool.stepsPerRefill
            makeRoom(for: index, steps: &steps)
        }
        return unsafe header.pointee.ring.selectable > 0
    }
}
