// Incremental consumption: taking segments off a buffer, and ending them.

internal import CUring
internal import RingArithmetic

extension GroupHeader {
    var isIncremental: Bool { unsafe segments != nil }

    /// Takes the next `length` bytes of the buffer that the kernel is filling; `isDone` tells whether the kernel has
    /// finished with it. Returns where they start.
    mutating func takeSegment(_ bid: UInt16, length: UInt32, isDone: Bool) -> UInt32 {
        requireSelectable(bid)
        // Safe, here and below: the bid was checked, and the table has a record for each.
        let segments = unsafe segments!
        let isFirst = unsafe records[Int(bid)].isIn(.available)
        if isFirst { unsafe segments[Int(bid)].reset() }
        noteTaken(bid, bytes: length, isFirst: isFirst, isDone: isDone)
        let start = unsafe segments[Int(bid)].cursor
        unsafe segments[Int(bid)].cursor = start + length
        unsafe segments[Int(bid)].taken += 1
        expose(bid, offset: start, length: length)
        if isDone {
            // The new segment is out, so nobody brings the count to 0 before this returns.
            if unsafe segments[Int(bid)].kernelIsDone() == 1 {
                // The only one: an ordinary buffer from here on.
                unsafe records[Int(bid)].enter(.lent)
            } else {
                unsafe records[Int(bid)].enter(.divided)
            }
            countSelected(bid, wasPartial: !isFirst)
        } else {
            unsafe records[Int(bid)].enter(.partial)
            if isFirst { counters.partialsBegun.add(1) }
        }
        return start
    }

    /// A completion without bytes that names a buffer. Requests on worker threads and reads of files use it up all the
    /// same.
    mutating func takeNothing(_ bid: UInt16, isKept: Bool) {
        requireSelectable(bid)
        // Kernels before 2026 forget to say that they keep it at the end of a pipe: their head tells.
        if isKept || !kernelHasPassed(bid) { return }
        if unsafe records[Int(bid)].isIn(.available) {
            unsafe segments![Int(bid)].reset()
            unsafe records[Int(bid)].enter(.partial)
            counters.partialsBegun.add(1)
            noteTaken(bid, bytes: 0, isFirst: true, isDone: false)
        }
        kernelIsDone(bid)
    }

    /// Whether the kernel's head is behind the slot of a buffer that was published. A system call.
    private func kernelHasPassed(_ bid: UInt16) -> Bool {
        guard let head = try? registration.kernelHead() else { return true }
        let mask = Int(ring.capacity.mask)
        let distance = unsafe (Int(records[Int(bid)].slot) &- head.slot(in: ring.capacity)) & mask
        return distance >= Int(ring.published.distance(from: head))
    }

    /// Bytes that the kernel can still fill.
    func room(in bid: UInt16) -> UInt32 {
        requireSelectable(bid)
        return unsafe records[Int(bid)].isIn(.available) ? bufferSize : bufferSize - segments![Int(bid)].cursor
    }

    /// The kernel skips the rest of a buffer that is smaller than ``Consumption/minimumLeft``, and tells of it only by
    /// naming the next one.
    mutating func finishSkipped(before bid: UInt16) {
        guard minimumLeft > 0 else { return }
        let slot = unsafe Int(records[Int(bid)].slot)
        let before = ring.bid(inSlot: slot + ring.capacity.entries - 1).rawValue
        guard before != bid, unsafe records[Int(before)].isIn(.partial), room(in: before) < minimumLeft else { return }
        kernelIsDone(before)
    }

    /// The kernel fills no more of a partial buffer: it belongs to its segments, or is spare.
    mutating func kernelIsDone(_ bid: UInt16) {
        // First the state: once the count says so, a segment's end on another thread gives the buffer back.
        unsafe records[Int(bid)].enter(.divided)
        countSelected(bid, wasPartial: true)
        note(.finished, bid)
        if unsafe segments![Int(bid)].kernelIsDone() == 0 {
            noteHome(bid)
            becomeSpare(bid)
        }
    }

    /// After the ring is gone: partial buffers belong to their segments.
    mutating func finishPartials() {
        guard isIncremental else { return }
        for bid in 0..<UInt16(capacity) where unsafe records[Int(bid)].isIn(.partial) { kernelIsDone(bid) }
    }

    /// Ends one segment, on any thread. Returns whether its buffer is to be given back.
    func endSegment(_ bid: UInt16) -> Bool {
        // Safe: the caller owns the segment, so the record belongs to a buffer that is out.
        guard let segments = unsafe segments,
            unsafe records[Int(bid)].isIn(.partial) || records[Int(bid)].isIn(.divided)
        else { trapState(bid, expected: .lent) }
        return unsafe segments[Int(bid)].end()
    }

    func requireSelectable(_ bid: UInt16) {
        if bid > ring.capacity.mask { trapForeign(bid) }
        guard unsafe records[Int(bid)].isIn(.available) || records[Int(bid)].isIn(.partial) else {
            trapState(bid, expected: .available)
        }
    }

    /// One published buffer less that the kernel can select.
    private mutating func countSelected(_ bid: UInt16, wasPartial: Bool) {
        sequence.begin()
        if wasPartial { counters.partialsFinished.add(1) }
        counters.unusedBytes.add(unsafe Int(bufferSize - segments![Int(bid)].cursor))
        ring.selectable -= 1
        sequence.end()
        if ring.selectable < peakMark { peakMark = ring.selectable }
    }
}
