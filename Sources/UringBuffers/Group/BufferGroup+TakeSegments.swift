// From a completion of an incremental group to owned segments.

extension BufferGroup {
    /// The segment that a completion names, or that one and all of the buffers in the slots after it that it covers.
    ///
    /// `IORING_CQE_F_BUF_MORE` speaks of the last buffer; the kernel is done with all before it.
    func takeSegments(
        bytes: UInt32, flags: CompletionFlags, _ place: SourceTouch
    ) -> TakeOutcome {
        let first = flags.bufferID.rawValue
        let room = unsafe header.pointee.room(in: first)
        let keeps = flags.contains(.bufferMore)
        unsafe header.pointee.finishSkipped(before: first)
        unsafe header.pointee.counters.receivedBytes.add(Int(bytes))
        unsafe header.pointee.touch(first, place)
        if bytes <= room {
            let offset = unsafe header.pointee.takeSegment(first, length: bytes, isDone: !keeps)
            return .buffer(unsafe ProvidedBuffer(header: header, bid: first, offset: offset, length: bytes))
        }
        var slot = Int(unsafe header.pointee.records[Int(first)].slot)
        let offset = unsafe header.pointee.takeSegment(first, length: room, isDone: true)
        var bundle = BufferBundle(
            unsafe ProvidedBuffer(header: header, bid: first, offset: offset, length: room))
        var left = bytes - room
        while left > 0 {
            slot += 1
            let bid = unsafe header.pointee.ring.bid(inSlot: slot).rawValue
            unsafe header.pointee.touch(bid, place)
            let length = Swift.min(left, unsafe header.pointee.room(in: bid))
            let offset = unsafe header.pointee.takeSegment(bid, length: length, isDone: left > length || !keeps)
            unsafe bundle.append(ProvidedBuffer(header: header, bid: bid, offset: offset, length: length))
            left -= length
        }
        return .bundle(bundle)
    }
}
