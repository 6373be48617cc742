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
    /// Refills every class, as ``BufferGroup/refill()`` does, and makes room for classes that the budget held back: pages of
    /// spare buffers of other classes go back to the system, at most 48 buffers or 256 KiB of each class at a time.
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
            for index in 0..<count where unsafe groups[index].header.pointee.denied > 0 {
                outcome.published += makeRoom(for: index)
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
    func makeRoom(for index: Int) -> Int {
        let header = unsafe groups[index].header
        var published = 0
        for takesWarm in [false, true] {
            if takesWarm, unsafe header.pointee.ring.selectable >= header.pointee.window.lowMark { break }
            for other in 0..<count where other != index {
                guard unsafe groups[other].header.pointee.giveRoom(warm: takesWarm) > 0 else { continue }
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

    /// Gives back pages of spare buffers for another class: one step. Returns the bytes of them.
    mutating func giveRoom(warm: Bool) -> Int {
        guard budget != nil else { return 0 }
        let bytes = trim(below: warm ? spares.top : Swift.min(coldEnd, spares.lowest), most: buffersInStep)
        trimmedLately += bytes
        return bytes
    }
}
