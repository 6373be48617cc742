// The end of a buffer off the fast path: on the owner's thread, on any other, and after the group.

extension GroupHeader {
    /// Gives back one buffer or segment on whatever thread this is.
    @usableFromInline @inline(never)
    static func giveBack(_ header: UnsafeMutablePointer<GroupHeader>, _ segment: Segment, tag: OwnerTag) {
        if tag == .none, unsafe header.pointee.isTimedForThisThread {
            // Safe: an owned buffer, whole, and nothing is poisoned.
            unsafe header.pointee.details!.pointee.cameHome(segment.bid)
            return unsafe header.pointee.recycle(segment.bid)
        }
        // Safe: the caller owns the segment. Its bytes are concealed first: afterwards they may be somebody else's.
        unsafe header.pointee.conceal(segment.bid, offset: segment.offset, length: segment.length)
        unsafe giveBack(header, first: segment.bid, last: segment.bid, count: 1, tag: tag)
    }

    /// Gives back a chain on whatever thread this is.
    @usableFromInline @inline(never)
    static func giveBack(
        _ header: UnsafeMutablePointer<GroupHeader>, first: UInt16, last: UInt16, count: Int, tag: OwnerTag
    ) {
        // Safe: the table is never replaced, and the handle was charged to one of its tags.
        if tag != .none { unsafe header.pointee.tags.release(tag.number, count: count) }
        guard unsafe header.pointee.isOwnedByThisThread else {
            return unsafe giveBackRemotely(header, first: first, last: last, count: count, isCharged: tag != .none)
        }
        var bid = first
        for _ in 0..<count {
            // Safe: the chain is the caller's; the link is read before the buffer is given back.
            let next = unsafe header.pointee.links[Int(bid)]
            if unsafe header.pointee.records[Int(bid)].isIn(.lent) {
                unsafe header.pointee.noteHome(bid)
                unsafe header.pointee.conceal(bid, length: header.pointee.bufferSize)
                unsafe header.pointee.recycle(bid)
            } else if unsafe header.pointee.endSegment(bid) {
                unsafe header.pointee.noteHome(bid)
                unsafe header.pointee.conceal(bid, length: header.pointee.bufferSize)
                unsafe header.pointee.becomeSpare(bid)
            }
            bid = next
        }
        unsafe header.pointee.refillWhenWorthwhile()
    }

    /// Gives back the chain `first … last`, linked through the group's links, from any thread. Frees the group when it
    /// is gone and this was the last buffer out.
    private static func giveBackRemotely(
        _ header: UnsafeMutablePointer<GroupHeader>, first: UInt16, last: UInt16, count: Int, isCharged: Bool
    ) {
        // Safe: the caller owns every buffer of the chain, hence their records and links, and the header outlives them.
        var bid = first
        // After the push, or the end of a segment that is not the last, the group may be gone at any moment.
        let signal = unsafe header.pointee.signal
        for remaining in stride(from: count, to: 0, by: -1) {
            if unsafe !header.pointee.records[Int(bid)].isIn(.lent) {
                // A segment, which is never chained: others may hold its buffer still.
                guard unsafe header.pointee.endSegment(bid) else {
                    // No buffer is home, but its tag holds less.
                    if isCharged { signal?.returned() }
                    return
                }
            }
            unsafe header.pointee.noteReturned(bid)
            unsafe header.pointee.conceal(bid, length: header.pointee.bufferSize)
            unsafe header.pointee.records[Int(bid)].enter(.returning)
            if remaining > 1 { bid = unsafe header.pointee.links[Int(bid)] }
        }
        switch unsafe header.pointee.returns.push(first: first, last: last, count: count) {
        case .pushed: signal?.returned()
        case .stillOut: break
        case .lastOne: unsafe free(header)
        }
    }

    /// Destroys the group: unregisters the ring if need be, then frees ring, slab and tables. When somebody reads its
    /// books this very moment, that one does it.
    static func free(_ header: UnsafeMutablePointer<GroupHeader>) {
        // Safe: no handle and no owner is left.
        unsafe header.pointee.ledger.end(header)
    }
}
