// Publishing spare buffers, and taking home what other threads returned.

internal import CUring
internal import RingArithmetic
internal import Synchronization

extension GroupHeader {
    /// Takes home what other threads returned, adapts the window and publishes spare buffers up to it.
    /// Returns how many were published.
    @usableFromInline
    mutating func refill() -> Int {
        noteFewestFree()
        unsafe details?.pointee.endBatch()
        if !returns.isEmpty { drainReturns() }
        window.adapt(available: ring.selectable)
        if trimsAutomatically { trimALittle() } else if gatherSteps > 0 { gather() }
        return publish(upTo: window.size)
    }

    /// Publishes the first window.
    mutating func start() {
        _ = publish(upTo: window.size)
        counters.lowWater.value = ring.selectable
    }

    mutating func publish(upTo size: Int) -> Int {
        var count = Swift.min(size - ring.selectable, spares.count)
        denied = 0
        if window.isAdaptive, spares.top - count < spares.untouched { count = commit(count) }
        // What the budget has no room for was not kept back.
        sparesLeft = denied > 0 ? 0 : spares.count - Swift.max(count, 0)
        guard count > 0 else { return 0 }
        defer { updateReadyToken() }
        noteLowWater()
        sequence.begin()
        defer { sequence.end() }
        peakMark += count
        let first = window.isAdaptive ? spares.takeWarmest(count) : spares.takeOldest(count)
        if !window.isAdaptive { noteTouched(from: first, count: count) }
        unsafe GroupHeader.write(
            count, from: spares.bids, at: first, slab: slabBase, length: bufferSize, records: records, ring: ring.base,
            tail: Int(ring.tail.rawValue), mask: Int(ring.capacity.mask))
        ring.tail.advance(by: UInt16(truncatingIfNeeded: count))
        ring.pending = count
        ring.publish()
        counters.published.add(count)
        counters.publishes.add(1)
        if isTimed { notePublished(at: first, count: count) }
        return count
    }

    @inline(__always)
    private static func write(
        _ count: Int, from bids: UnsafeMutablePointer<UInt16>, at first: Int, slab: UnsafeMutableRawPointer,
        length: UInt32, records: UnsafeMutablePointer<BufferRecord>, ring: UnsafeMutableRawPointer, tail: Int, mask: Int
    ) {
        let base = UInt64(UInt(bitPattern: slab))
        var step = 0
        repeat {
            let bid = unsafe bids[first &+ step]
            let slot = (tail &+ step) & mask
            unsafe curing_ring_write(
                ring, UInt32(truncatingIfNeeded: slot), base &+ UInt64(bid) &* UInt64(length), length, bid)
            unsafe records[Int(bid)].enter(.available)
            unsafe records[Int(bid)].slot = UInt16(truncatingIfNeeded: slot)
            step &+= 1
        } while step < count
    }

    func updateReadyToken() {
        // Segments never take the fast paths, nor does what has a history, and under the address sanitizer nothing does.
        let isReady = ring.selectable >= window.lowMark && !isIncremental && !GroupHeader.poisons
        let token = isReady ? ownerToken.load(ordering: .relaxed) : 0
        readyToken.store(level == .counters ? token : 0, ordering: .relaxed)
        timedToken.store(level == .timed ? token : 0, ordering: .relaxed)
    }

    /// From now on no thread owns the group: whatever ends goes to the return stack.
    func disown() {
        readyToken.store(0, ordering: .relaxed)
        timedToken.store(0, ordering: .relaxed)
        ownerToken.store(0, ordering: .releasing)
    }

    mutating func drainReturns() {
        sequence.begin()
        defer { sequence.end() }
        var (bid, count) = returns.drain()
        counters.returned.add(count)
        while count > 0 {
            let next = returns.link(of: bid)
            require(bid, .returning)
            noteDrained(bid)
            becomeSpare(bid)
            bid = next
            count -= 1
        }
    }
}
