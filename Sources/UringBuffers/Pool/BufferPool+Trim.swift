// Memory of a pool follows the load: what is committed, what is resident, and giving it back.

extension BufferPool {
    // Safe, here and below: the groups live as long as the pool, and the thread rule makes access exclusive.

    /// The most bytes that all classes together may have committed.
    public var budget: Int { shared.limit }

    /// Bytes of pages that overlap a buffer which is published, lent, or spare and neither untouched nor given back, in all
    /// classes. Never above ``budget``. O(1).
    public var committedBytes: Int { shared.committed }

    /// The part of one class. O(1).
    public func committedBytes(class index: Int) -> Int {
        demand(index >= 0 && index < count, "the pool has no class \(index)")
        return unsafe groups[index].header.pointee.committedBytes
    }

    /// How many bytes of the buffers' memory are resident now (`mincore`). About 10 µs per 64 MiB.
    public var residentBytes: Int {
        var bytes = 0
        for index in 0..<count { bytes += unsafe groups[index].residentBytes }
        return bytes
    }

    /// Whether each ``refill()`` gives a few cold pages of each class back: ``BufferGroup/trimsAutomatically`` of all
    /// adaptive classes. On at first.
    public var trimsAutomatically: Bool {
        get {
            for index in 0..<count where unsafe groups[index].trimsAutomatically { return true }
            return false
        }
        nonmutating set {
            for index in 0..<count where unsafe groups[index].header.pointee.window.isAdaptive {
                unsafe groups[index].trimsAutomatically = newValue
            }
        }
    }

    /// Gives the pages of spare buffers of all classes back now, beyond the `keeping` warmest of each (as many as its
    /// window when `nil`), the class of the largest buffers first, for about so long:
    /// ``BufferGroup/trim(keeping:most:within:)``. Returns the bytes.
    @discardableResult
    public func trim(keeping: Int? = nil, within time: Duration? = nil) -> Int {
        let deadline = time.map { ContinuousClock.now + $0 }
        var bytes = 0
        for index in (0..<count).reversed() {
            let left = deadline.map { $0 - ContinuousClock.now }
            if let left, left <= .zero { break }
            bytes += unsafe groups[index].trim(keeping: keeping, within: left)
        }
        return bytes
    }
}

extension GroupHeader {
    /// What the group has of a pool's budget.
    var committedBytes: Int { window.isAdaptive ? trimMap.usedPages * PageMemory.pageSize : slab.byteCount }
}
