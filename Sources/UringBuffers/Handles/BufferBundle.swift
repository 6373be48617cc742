// Several buffers in order, owned: what one bundled receive delivers, and what a gathered send takes.

/// An ordered chain of filled buffers of one group.
///
/// A bundled receive (`IORING_RECVSEND_BUNDLE`) delivers up to 512 buffers in one completion. Take them apart with
/// ``next()``, or keep the chain whole: ``append(_:)-bundle`` another, send it with one gathered `sendmsg`, and
/// ``drop(bytes:)`` what was sent. Buffers that are left when it is dropped go back, on whatever thread. Cannot be
/// copied.
///
///      bundle ─▶ buffer 7 ─▶ buffer 2 ─▶ buffer 9          linked through the group, no allocation
///                  4096        4096        1200 bytes
///
/// Segments of an incremental group are queued in memory of the bundle's own instead.
@safe
@frozen
public struct BufferBundle: ~Copyable, @unchecked Sendable {
    // @unchecked: as ProvidedBuffer, for every buffer of the chain; the queue has this one owner.

    @usableFromInline let header: UnsafeMutablePointer<GroupHeader>
    /// The first buffer: its bytes from `firstOffset` on. Means nothing when the bundle is empty.
    @usableFromInline var firstOffset: UInt32
    @usableFromInline var firstLength: UInt32
    @usableFromInline var first: UInt16
    /// The end of the chain of whole buffers.
    @usableFromInline var last: UInt16
    /// Whom all of them are charged to.
    @usableFromInline var charged: OwnerTag
    /// Incremental groups: the segments behind the first; none, no queue.
    @usableFromInline var rest: SegmentQueue?
    /// The number of buffers, or segments of buffers.
    public internal(set) var count: Int
    /// The bytes in all buffers.
    public internal(set) var byteCount: Int

    /// A chain of whole buffers, linked, whose lengths stand in their records.
    init(header: UnsafeMutablePointer<GroupHeader>, first: UInt16, last: UInt16, count: Int, byteCount: Int) {
        unsafe self.header = unsafe header
        self.first = first
        self.last = last
        self.count = count
        self.byteCount = byteCount
        firstOffset = 0
        charged = .none
        // Safe: the chain is the caller's, hence its records.
        firstLength = unsafe header.pointee.records[Int(first)].length
        rest = nil
    }

    /// A chain of one.
    public init(_ buffer: consuming ProvidedBuffer) {
        firstOffset = buffer.offset
        firstLength = buffer.length
        byteCount = buffer.count
        count = 1
        rest = nil
        charged = buffer.charged
        let (header, bid) = unsafe buffer.disown()
        unsafe self.header = unsafe header
        first = bid
        last = bid
    }

    /// What `bundle` held: it is empty now.
    private init(emptying bundle: inout BufferBundle) {
        unsafe header = unsafe bundle.header
        first = bundle.first
        last = bundle.last
        firstOffset = bundle.firstOffset
        firstLength = bundle.firstLength
        rest = bundle.rest.take()
        charged = bundle.charged
        count = bundle.count
        byteCount = bundle.byteCount
        bundle.count = 0
        bundle.byteCount = 0
    }

    deinit {
        // Safe: the header lives as long as any buffer of the chain.
        guard count > 0 else { return }
        guard let rest else {
            return unsafe GroupHeader.giveBack(header, first: first, last: last, count: count, tag: charged)
        }
        let head = Segment(offset: firstOffset, length: firstLength, bid: first)
        unsafe GroupHeader.giveBack(header, head, tag: charged)
        for position in 0..<rest.count { unsafe GroupHeader.giveBack(header, rest[position], tag: charged) }
    }

    /// Whom the buffers are charged to.
    public var tag: OwnerTag { charged }

    /// Charges all buffers to `tag`, and no more to whom they were charged before. Owner's thread, but to ``OwnerTag/none``
    /// on any.
    public mutating func charge(to tag: OwnerTag, file: StaticString = #fileID, line: UInt = #line) {
        if count > 0 { unsafe header.pointee.move(count: count, from: charged, to: tag) }
        noteCharged(to: tag, SourceTouch(file, line))
        charged = tag
    }

    /// Whether nothing is left.
    public var isEmpty: Bool { count == 0 }

    /// Gives every buffer back now. Same as dropping the bundle.
    public consuming func recycle() {}

    /// Takes the first buffer off the chain, or `nil` when it is empty.
    public mutating func next() -> ProvidedBuffer? {
        guard count > 0 else { return nil }
        let bid = first
        let offset = firstOffset
        let length = firstLength
        advance()
        var buffer = unsafe ProvidedBuffer(header: header, bid: bid, offset: offset, length: length)
        buffer.charged = charged
        return buffer
    }

    /// Takes the chain apart: calls `body` with each buffer in order. Those that are left when it throws go back.
    public consuming func forEach<Failure: Error>(
        _ body: (consuming ProvidedBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        while let buffer = next() { try body(buffer) }
    }

    /// Splits off everything: the chain moves to the result and this one is empty.
    public mutating func takeAll() -> BufferBundle { BufferBundle(emptying: &self) }

    /// The chain moves on to its second buffer; the first is the caller's.
    mutating func advance() {
        count -= 1
        byteCount -= Int(firstLength)
        guard count > 0 else { return }
        if let rest {
            let segment = rest.removeFirst()
            (first, firstOffset, firstLength) = (segment.bid, segment.offset, segment.length)
        } else {
            // Safe: the chain is ours, hence its links and records.
            first = unsafe header.pointee.links[Int(first)]
            firstOffset = 0
            firstLength = unsafe header.pointee.records[Int(first)].length
        }
    }
}

extension ProvidedBuffer {
    /// Ends the handle without giving the buffer back: whoever gets the result owns it.
    @inlinable
    consuming func disown() -> (header: UnsafeMutablePointer<GroupHeader>, bid: UInt16) {
        let header = unsafe header
        let bid = bid
        discard self
        return unsafe (header, bid)
    }
}
