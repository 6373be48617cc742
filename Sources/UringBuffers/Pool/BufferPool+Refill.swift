// Refilling all classes, and moving memory to the class that needs it.

internal import RingArithmetic

/// The result of ``BufferPool/refill()``.
public struct PoolRefillOutcome: Hashable, Sendable {
    /// A receive that may be armed again.
    public struct Rearm: Hashable, Sendable {
        /// The group that it waited for.
        public let id: BufferGroupID
        public let token: UInt64
    }

    /// How many buffers were published in all classes.
    public internal(set) var published = 0
    /// Receives to arm again, of each class in the order in which they starved, the smallest class first.
    public internal(set) var rearm: [Rearm] = []
    /// Watermarks of classes that were crossed.
    public internal(set) var edges: [BufferGroupID: PressureEdge] = [:]
}

extension BufferPool {
    /// Steps of 128 KiB, or 48 buffers, that make room in one refill: a few hundred microseconds at most.
    static let stepsPerRefill = 12

    /// Refills every class, as ``BufferGroup/refill()`` does, and makes room for classes that the budget held back: pages of
    /// spare buffers of other classes go back to the system, at most 12 times 48 buffers or 128 KiB in one refill.
    ///
    /// Call it once for each batch of completions, and arm the receives that it names. O(classes), O(published).
    @discardableResult
    public func refill() -> PoolRefillOutcome {
        var outcome = PoolRefillOutcome()
        var anyDenied = false
        for index in 0..<count {
            let header = unsafe groups[index].header
            unsafe header.pointee.checkOwner()
            outcome.published += unsafe header.pointee.refill()
            if unsafe header.pointee.denied > 0 { anyDenied = true }
        }
        if anyDenied {
            var steps = BufferPool.stepsPerRefill
            for index in 0..<count where unsafe groups[index].header.pointee.denied > 0 {
                outcome.published += makeRoom(for: index, steps: &steps)
            }
        }
        for index in 0..<count where unsafe groups[index].header.pointee.isWatched {
            let one = unsafe groups[index].header.pointee.outcome(published: 0)
            for token in one.rearm { outcome.rearm.append(.init(id: ids[index], token: token)) }
            if let edge = one.edge { outcome.edges[ids[index]] = edge }
        }
        return outcome
    }

    /// Gives pages of other classes' spare buffers back, for a class that wanted to publish more than the budget allowed,
    /// and publishes. Cold ones first, others when the class is about to starve. Returns how many were published.
    @discardableResult
    func makeRoom(for index: Int, steps: inout Int) -> Int {
        let header = unsafe groups[index].header
        var published = 0
        for takesWarm in [false, true] {
            if takesWarm, unsafe header.pointee.ring.selectable >= header.pointee.window.lowMark { break }
            for other in 0..<count where other != index && steps > 0 {
                let (bytes, used) = unsafe groups[other].header.pointee.giveRoom(warm: takesWarm, most: steps)
                steps -= used
                guard bytes > 0 else { continue }
                published += unsafe header.pointee.publishMore()
                if unsafe header.pointee.denied == 0 { return published }
            }
        }
        return published
    }
}

extension GroupHeader {
    /// Takes home what other threads returned, and publishes up to the window, without adapting it.
    @discardableResult
    mutating func publishMore() -> Int {
        if !returns.isEmpty { drainReturns() }
        return publish(upTo: window.size)
    }

    /// Gives back pages of spare buffers for another class, in at most so many steps, until some are free: buffers that
    /// share pages free one with the last of them. Returns the bytes of those pages, and the steps.
    mutating func giveRoom(warm: Bool, most steps: Int) -> (bytes: Int, steps: Int) {
        guard budget != nil else { return (0, 0) }
        let end = warm ? spares.top : Swift.min(coldEnd, spares.lowest)
        var bytes = 0
        var used = 0
        while used < steps, bytes < GroupHeader.bytesPerStep, spares.untouched < end {
            let most = Swift.min(GroupHeader.buffersPerTrim, GroupHeader.bytesPerStep / Int(bufferSize))
            bytes += trim(below: end, most: Swift.max(1, most))
            used += 1
        }
        trimmedLately += bytes
        return (bytes, used)
    }

    static let bytesPerStep = 128 * 1024
}
