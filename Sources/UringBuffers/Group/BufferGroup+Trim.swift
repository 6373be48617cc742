// Memory follows the load downwards: pages of buffers that nobody needed for a while go back to the system.

internal import RingArithmetic

extension BufferGroup {
    // Safe, here and below: the header lives as long as the group, and the thread rule makes access exclusive.

    /// Whether each ``refill()`` gives a few cold pages back, as long as there are some (`MADV_DONTNEED`). On at first for
    /// ``RefillPolicy/adaptive``.
    ///
    /// Cold are spare buffers that no refill of the last 1024 reached. At most 48 buffers or 256 KiB go at a time, which
    /// takes well below a millisecond. After a burst, and every 16384 refills, buffers that go on being used give back
    /// their pages once, so that only those stay that are filled; and where buffers share pages, those that come back are exchanged for others that
    /// lie together.
    public var trimsAutomatically: Bool {
        get { unsafe header.pointee.trimsAutomatically }
        nonmutating set { unsafe header.pointee.trimsAutomatically = newValue }
    }

    /// The bytes that were given back so far. O(1).
    public var trimmedBytes: Int { unsafe header.pointee.counters.trimmedBytes.value }

    /// Gives the pages of spare buffers back to the system now, the coldest first. Buffers that are published or lent are
    /// never touched; what the given ones held is zero when they are filled again.
    ///
    /// - Parameters:
    ///   - keeping: how many of the warmest spare buffers stay as they are; as many as the next refill publishes when `nil`.
    ///   - most: stop after so many buffers.
    ///   - time: stop after about so long; call again until nothing more comes. No limit when `nil`.
    /// - Returns: the bytes given back; 0 for huge pages, and for memory in a ``FixedBufferTable``. About 0.12 ms for each
    ///   MiB of 4 KiB pages (`Benchmarks/elastic`). Where buffers share pages, the next refills gather those in use and
    ///   give more back.
    @discardableResult
    public func trim(keeping: Int? = nil, most: Int = .max, within time: Duration? = nil) -> Int {
        unsafe header.pointee.checkOwner()
        demand((keeping ?? 0) >= 0 && most >= 0, "numbers of buffers are not negative")
        let warm = Swift.min(keeping ?? Swift.max(0, window - available), spares)
        let end = unsafe header.pointee.spares.top - warm
        let bytes =
            if let time { unsafe header.pointee.trim(below: end, most: most, within: time) } else {
                unsafe header.pointee.trim(below: end, most: most)
            }
        unsafe header.pointee.trimmedLately += bytes
        unsafe header.pointee.beginToGather()
        return bytes
    }
}

extension GroupHeader {
    /// Refills between two looks at what was cold.
    static let refillsPerTrim = 1024
    static let bytesPerTrim = 256 * 1024
    /// Few enough to be sorted without allocating (the standard library sorts below 64 by insertion).
    static let buffersPerTrim = 48

    /// Gives back the pages of spare buffers below a position of the spare pool, from the coldest that is not given back
    /// already. Returns how many bytes those were.
    mutating func trim(below end: Int, most: Int) -> Int {
        let start = window.isAdaptive ? spares.untouched : spares.bottom
        let count = Swift.min(end - start, most)
        guard count > 0, slab.canGiveBack else { return 0 }
        // Safe: positions from the bottom to the top hold bids. Cold ones may change places.
        var bids = unsafe UnsafeMutableBufferPointer(start: spares.bids + start, count: count)
        unsafe bids.sort()
        let pages = trimMap.usedPages
        for index in bids.indices { trimMap.markFree(unsafe bids[index]) }
        budget?.release(pages: pages - trimMap.usedPages)
        var bytes = 0
        unsafe trimMap.forEachFreeRange(of: UnsafeBufferPointer(bids)) { range in
            let inside = range.clamped(to: 0..<slab.byteCount)
            if slab.giveBack(offset: inside.lowerBound, byteCount: inside.count) { bytes += inside.count }
        }
        if window.isAdaptive { spares.untouched = start + count }
        counters.trimmedBytes.add(bytes)
        return bytes
    }

    /// The same in steps, until the time is over. Without a stack of untouched buffers there is one step.
    fileprivate mutating func trim(below end: Int, most: Int, within time: Duration) -> Int {
        let deadline = ContinuousClock.now + time
        var (bytes, left) = (0, most)
        while left > 0 {
            let before = spares.untouched
            let step = Swift.min(left, window.isAdaptive ? buffersInStep : left)
            bytes += trim(below: end, most: step)
            left -= step
            if spares.untouched == before || ContinuousClock.now >= deadline { break }
        }
        return bytes
    }

    /// A little of that at each refill.
    mutating func trimALittle() {
        refillsSinceTrim += 1
        if refillsSinceTrim == GroupHeader.refillsPerTrim {
            refillsSinceTrim = 0
            coldEnd = spares.lowest
            spares.lowest = spares.top
            periodsSinceRenewal += 1
            if spares.untouched >= coldEnd { beginToGather() }
        }
        let end = Swift.min(coldEnd, spares.lowest)
        if spares.untouched < end {
            trimmedLately += trim(below: end, most: buffersInStep)
            if spares.untouched == end { beginToGather() }
        } else if gatherSteps > 0 {
            gather()
        }
    }

    /// How many buffers are trimmed at once, at most.
    var buffersInStep: Int {
        Swift.max(1, Swift.min(GroupHeader.buffersPerTrim, GroupHeader.bytesPerTrim / Int(bufferSize)))
    }

    /// Prepares `count` of the warmest spare buffers for use, of which the coldest are untouched or given back. Returns
    /// how many there may be: fewer when the budget of a pool ends.
    mutating func commit(_ count: Int) -> Int {
        var position = spares.untouched
        while position > spares.top - count {
            // Safe: positions from the bottom to the top hold bids.
            let bid = unsafe spares.bids[position - 1]
            let pages = trimMap.freePages(of: bid)
            guard budget?.commit(pages: pages) ?? true else {
                denied = count - (spares.top - position)
                break
            }
            trimMap.markUsed(bid)
            position -= 1
        }
        spares.untouched = position
        return Swift.min(count, spares.top - position)
    }

    /// Bids that were taken off the spare pool at `position` are about to be used again, first in first out.
    mutating func noteTouched(from position: Int, count: Int) {
        // Safe: those positions hold the bids that were taken just now.
        for index in position..<(position + count) { unsafe trimMap.markUsed(spares.bids[index]) }
    }
}
