// Pools of several sizes in whatever way the kernel at hand offers.

public import UringBuffers

extension BufferPool {
    /// A pool on `queue` whose groups work in `mode`, each as ``UringBuffers/BufferGroup/init(on:id:capacity:bufferSize:mode:minimumLeft:refill:slab:slabOptions:wakeOnReturn:)``
    /// has it. Classes that ask for incremental consumption have it where the mode does.
    ///
    /// ```swift
    /// let kernel = try KernelCapabilities.probe().usable(on: .current)
    /// let pool = try BufferPool(on: queue, classes: classes, budget: 16 << 20, mode: kernel.bestMode)
    /// ```
    ///
    /// - Throws: ``UringError``; nothing stays registered or allocated.
    public init(
        on queue: borrowing UringQueue, classes: [SizeClass], budget: Int, mode: BufferMode,
        firstID: BufferGroupID = 0, wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) {
        let possible = classes.map { $0.possible(in: mode) }
        guard !mode.usesRing else {
            self = try BufferPool(
                ring: queue.descriptor, classes: possible, budget: budget, firstID: firstID,
                wakeOnReturn: wakeOnReturn)
            return
        }
        let state = unsafe queue.state
        self = try BufferPool(PoolPlan(possible, budget: budget, firstID: firstID)) {
            one, id, share throws(UringError) in
            try unsafe BufferGroup(
                readBy: state, id: id, capacity: one.capacity, bufferSize: one.bufferSize, mode: mode,
                refill: one.refill, wakeOnReturn: wakeOnReturn, share: share)
        }
    }
}

extension SizeClass {
    /// The same with no more than the mode's consumption.
    fileprivate func possible(in mode: BufferMode) -> SizeClass {
        var possible = self
        if consumption.isIncremental {
            possible.consumption = mode.consumption(minimumLeft: consumption.minimumLeft)
        }
        return possible
    }
}
