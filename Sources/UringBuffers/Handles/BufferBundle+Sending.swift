// A bundle as a send sees it: joined, gathered, and dropped as the bytes go out.

public import Glibc

extension BufferBundle {
    /// Puts a buffer behind this chain's. Both must belong to one group.
    public mutating func append(_ buffer: consuming ProvidedBuffer) { append(BufferBundle(buffer)) }

    /// Puts all buffers of `other` behind this chain's. Both must belong to one group; the buffers are charged to whom
    /// this bundle is charged to. An empty one takes over the charge of `other`.
    public mutating func append(_ other: consuming BufferBundle) {
        guard other.count > 0 else { return }
        unsafe demand(header == other.header, "only bundles of one group can be joined")
        guard count > 0 else {
            self = other
            return
        }
        if other.charged != charged { other.charge(to: charged) }
        if unsafe header.pointee.isIncremental {
            let rest = self.rest ?? SegmentQueue()
            rest.append(Segment(offset: other.firstOffset, length: other.firstLength, bid: other.first))
            if let more = other.rest { rest.append(contentsOf: more) }
            self.rest = rest
        } else {
            demand(other.firstOffset == 0, "a bundle that was begun cannot be appended")
            // Safe: both chains are ours, hence their links and records.
            unsafe header.pointee.links[Int(last)] = other.first
            unsafe header.pointee.records[Int(other.first)].length = other.firstLength
            last = other.last
        }
        count += other.count
        byteCount += other.byteCount
        other.count = 0
    }

    /// Gives back the buffers that lie wholly within the first `bytes` bytes, and marks the rest as done with.
    ///
    /// O(buffers dropped). Traps when the bundle holds fewer bytes.
    public mutating func drop(bytes: Int) {
        demand(bytes >= 0 && bytes <= byteCount, "a bundle of \(byteCount) bytes cannot drop \(bytes)")
        var left = bytes
        let firstDropped = first
        var lastDropped = first
        var dropped = 0
        while left > 0, left >= firstLength {
            lastDropped = first
            left -= Int(firstLength)
            if rest != nil {
                let head = Segment(offset: firstOffset, length: firstLength, bid: first)
                unsafe GroupHeader.giveBack(header, head, tag: charged)
            } else {
                dropped += 1
            }
            advance()
        }
        if left > 0 {
            firstOffset += UInt32(left)
            firstLength -= UInt32(left)
            byteCount -= left
        }
        if dropped > 0 {
            unsafe GroupHeader.giveBack(header, first: firstDropped, last: lastDropped, count: dropped, tag: charged)
        }
    }

    /// Fills `vectors` with address and length of as many leading buffers as fit, and returns how many those are and
    /// how many bytes they hold. The addresses are valid while the buffers are in this bundle.
    public func gather(into vectors: UnsafeMutableBufferPointer<iovec>) -> (buffers: Int, bytes: Int) {
        unsafe gather(skipping: 0, into: vectors)
    }

    /// The same, without the first `skipped` bytes.
    @unsafe
    func gather(
        skipping skipped: Int, into vectors: UnsafeMutableBufferPointer<iovec>
    ) -> (buffers: Int, bytes: Int) {
        var segment = Segment(offset: firstOffset, length: firstLength, bid: first)
        var skip = skipped
        var (buffers, bytes) = (0, 0)
        for position in 0..<count where buffers < vectors.count {
            if position > 0 { segment = following(segment, at: position - 1) }
            let skipHere = UInt32(Swift.min(skip, Int(segment.length)))
            skip -= Int(skipHere)
            guard segment.length > skipHere else { continue }
            let address = unsafe header.pointee.address(of: segment.bid) + Int(segment.offset + skipHere)
            unsafe vectors[buffers] = unsafe iovec(iov_base: address, iov_len: Int(segment.length - skipHere))
            buffers += 1
            bytes += Int(segment.length - skipHere)
        }
        return (buffers, bytes)
    }

    /// Tells the books that a zero-copy send has the buffers, or has them no more. A buffer that other segments share
    /// stays with those.
    func markSending(_ isSending: Bool) {
        var segment = Segment(offset: firstOffset, length: firstLength, bid: first)
        var changed = 0
        for position in 0..<count {
            if position > 0 { segment = following(segment, at: position - 1) }
            // Safe: the chain is ours, hence its records.
            let (from, to): (BufferState, BufferState) = isSending ? (.lent, .sending) : (.sending, .lent)
            if unsafe header.pointee.records[Int(segment.bid)].isIn(from) {
                unsafe header.pointee.records[Int(segment.bid)].enter(to)
                unsafe header.pointee.note(isSending ? .leased : .unleased, segment.bid)
                changed += 1
            }
        }
        unsafe header.pointee.noteSending(changed, isSending: isSending, tag: charged)
    }

    /// Calls `body` with the label of each buffer, in order.
    func forEachBuffer(_ body: (UInt16) -> Void) {
        var segment = Segment(offset: firstOffset, length: firstLength, bid: first)
        for position in 0..<count {
            if position > 0 { segment = following(segment, at: position - 1) }
            body(segment.bid)
        }
    }

    /// The segment behind `segment`, which is the one at `position`.
    private func following(_ segment: Segment, at position: Int) -> Segment {
        if let rest { return rest[position] }
        // Safe: the chain is ours, hence its links and records.
        let bid = unsafe header.pointee.links[Int(segment.bid)]
        return Segment(offset: 0, length: unsafe header.pointee.records[Int(bid)].length, bid: bid)
    }
}
