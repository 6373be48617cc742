// The end of a buffer anywhere but on the owner's thread, and the end of the group.

extension GroupHeader {
    /// Gives back the chain `first … last`, linked through the group's links, from any thread. Frees the group when it
    /// is gone and this was the last buffer out.
    static func giveBackRemotely(
        _ header: UnsafeMutablePointer<GroupHeader>, first: UInt16, last: UInt16, count: Int
    ) {
        // Safe: the caller owns every buffer of the chain, hence their records and links, and the header outlives them.
        var bid = first
        for remaining in stride(from: count, to: 0, by: -1) {
            unsafe header.pointee.require(bid, .lent)
            unsafe header.pointee.records[Int(bid)].enter(.returning)
            if remaining > 1 { bid = unsafe header.pointee.links[Int(bid)] }
        }
        if unsafe header.pointee.returns.push(first: first, last: last, count: count) == .lastOne {
            unsafe free(header)
        }
    }

    /// Destroys the group: unregisters the ring if need be, then frees ring, slab and tables.
    static func free(_ header: UnsafeMutablePointer<GroupHeader>) {
        // Safe: no handle and no owner is left.
        unsafe header.deinitialize(count: 1)
        unsafe header.deallocate()
    }
}
