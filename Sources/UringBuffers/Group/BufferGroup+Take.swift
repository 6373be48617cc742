// From a completion to owned buffers.

import Glibc

extension BufferGroup {
    /// Turns one completion of a receive that selected from this group into what it means.
    ///
    /// Ownership follows `IORING_CQE_F_BUFFER`, never the sign of the result: a buffer that came with an error or with
    /// nothing is given back here. Whether the request is still armed is another question: look at
    /// ``CompletionFlags/more``.
    ///
    /// A result beyond the buffer size is a bundle. Receives with `MSG_TRUNC` report more bytes than they wrote and must
    /// not be taken here.
    ///
    /// `file` and `line` are where a leak report says that the buffer was touched last (``AccountingLevel/forensic``).
    ///
    /// O(buffers in the completion). Traps when the completion names a buffer that the kernel cannot have.
    @inlinable
    public func take(
        result: Int32, flags: CompletionFlags, file: StaticString = #fileID, line: UInt = #line
    ) -> TakeOutcome {
        // One filled buffer, and the ring is not low: one way out for everything else, because each call that returns
        // into the caller's loop costs it registers.
        guard
            _fastPath(
                unsafe header.pointee.isReadyForThisThread && result > 0 && flags.contains(.buffer)
                    && UInt32(bitPattern: result) <= header.pointee.bufferSize)
        else { return takeRare(result: result, flags: flags, SourceTouch(file, line)) }
        return .buffer(takeOne(length: UInt32(bitPattern: result), flags: flags))
    }

    @inlinable @inline(__always)
    func takeOne(length: UInt32, flags: CompletionFlags) -> ProvidedBuffer {
        let bid = flags.bufferID.rawValue
        // The bytes first: a reader that sees the buffer selected sees them as well.
        unsafe header.pointee.counters.receivedBytes.add(Int(length))
        unsafe header.pointee.select(bid)
        return unsafe ProvidedBuffer(header: header, bid: bid, offset: 0, length: length)
    }

    /// Everything but one filled buffer while the ring is well filled.
    @usableFromInline @inline(never)
    func takeRare(result: Int32, flags: CompletionFlags, _ place: SourceTouch) -> TakeOutcome {
        let length = UInt32(bitPattern: result)
        if unsafe header.pointee.isTimedForThisThread, result > 0, flags.contains(.buffer),
            unsafe length <= header.pointee.bufferSize
        {
            // All in one function: an outcome that a call returns is copied, which costs more than all the rest.
            let buffer = takeOne(length: length, flags: flags)
            unsafe header.pointee.details!.pointee.takenWhole(buffer.bid, bytes: length)
            return .buffer(buffer)
        }
        return takeOther(result: result, flags: flags, place)
    }

    @inline(__always)
    private func takeOther(
        result: Int32, flags: CompletionFlags, _ place: SourceTouch
    ) -> TakeOutcome {
        unsafe header.pointee.checkOwner()
        if result > 0 {
            guard flags.contains(.buffer) else { return .unbuffered(Int(result)) }
            defer { unsafe header.pointee.refillWhenWorthwhile() }
            if unsafe header.pointee.isIncremental {
                return takeSegments(bytes: UInt32(result), flags: flags, place)
            }
            let length = UInt32(bitPattern: result)
            guard unsafe length <= header.pointee.bufferSize else {
                return takeBundle(bytes: Int(result), flags: flags, place)
            }
            let buffer = takeOne(length: length, flags: flags)
            unsafe header.pointee.noteTaken(buffer.bid, bytes: length)
            unsafe header.pointee.touch(buffer.bid, place)
            unsafe header.pointee.expose(buffer.bid, length: length)
            return .buffer(buffer)
        }
        if flags.contains(.buffer) {
            let bid = flags.bufferID.rawValue
            if unsafe header.pointee.isIncremental {
                unsafe header.pointee.takeNothing(bid, isKept: flags.contains(.bufferMore))
            } else {
                unsafe header.pointee.select(bid)
                unsafe header.pointee.noteTaken(bid, bytes: 0)
                unsafe header.pointee.noteHome(bid)
                unsafe header.pointee.recycle(bid)
            }
        }
        if result == 0 { return .endOfStream }
        if result == -ENOBUFS {
            unsafe header.pointee.noteStarvation()
            return .starved
        }
        return .failed(UringError(.receive, errno: 0 &- result))
    }

    /// One completion, several buffers: the named one and those in the slots after it, in publish order.
    private func takeBundle(
        bytes: Int, flags: CompletionFlags, _ place: SourceTouch
    ) -> TakeOutcome {
        let first = flags.bufferID.rawValue
        let size = unsafe Int(header.pointee.bufferSize)
        unsafe header.pointee.counters.receivedBytes.add(bytes)
        unsafe header.pointee.select(first)
        var slot = Int(unsafe header.pointee.records[Int(first)].slot)
        var last = first
        var count = 1
        var left = bytes - size
        unsafe header.pointee.records[Int(first)].length = UInt32(size)
        unsafe header.pointee.noteTaken(first, bytes: UInt32(size))
        unsafe header.pointee.touch(first, place)
        unsafe header.pointee.expose(first, length: UInt32(size))
        while left > 0 {
            slot += 1
            let bid = unsafe header.pointee.ring.bid(inSlot: slot).rawValue
            unsafe header.pointee.select(bid)
            unsafe header.pointee.records[Int(bid)].length = UInt32(Swift.min(left, size))
            unsafe header.pointee.noteTaken(bid, bytes: UInt32(Swift.min(left, size)))
            unsafe header.pointee.touch(bid, place)
            unsafe header.pointee.expose(bid, length: UInt32(Swift.min(left, size)))
            unsafe header.pointee.links[Int(last)] = bid
            last = bid
            count += 1
            left -= size
        }
        return .bundle(unsafe BufferBundle(header: header, first: first, last: last, count: count, byteCount: bytes))
    }
}
