// One buffer, owned.

/// A buffer that the kernel filled and the application now owns.
///
/// It cannot be copied, and it ends in exactly one way: dropped, or ``recycle()``d, which is the same. On the thread
/// that owns the group that costs a few instructions; on any other the buffer goes to the group's return stack, and the
/// owner publishes it at its next refill. A group that is dropped or closed keeps its memory until the last handle
/// ends.
///
/// Bind it with `var` (or take it as a `consuming` or `borrowing` parameter, or use ``withUnsafeBytes(_:)``): today's
/// compiler allocates a heap box when a span borrows a noncopyable `let` of the same function.
@safe
@frozen
public struct ProvidedBuffer: ~Copyable, @unchecked Sendable {
    // @unchecked: the pointers lead to memory that this handle alone may touch: its buffer, record and link. Ending it
    // elsewhere goes through the return stack, whose release and acquire order the last use before the reuse.

    @usableFromInline let header: UnsafeMutablePointer<GroupHeader>
    @usableFromInline let offset: UInt32
    @usableFromInline let length: UInt32
    @usableFromInline let bid: UInt16
    @usableFromInline var charged = OwnerTag.none

    @inlinable
    init(header: UnsafeMutablePointer<GroupHeader>, bid: UInt16, offset: UInt32, length: UInt32) {
        unsafe self.header = unsafe header
        self.offset = offset
        self.length = length
        self.bid = bid
    }

    @inlinable
    deinit {
        // Safe: the header lives as long as any handle.
        if _fastPath(unsafe header.pointee.isReady(withTag: charged)) {
            unsafe header.pointee.recycle(bid)
        } else {
            unsafe GroupHeader.giveBack(header, Segment(offset: offset, length: length, bid: bid), tag: charged)
        }
    }

    /// The number of bytes that the kernel wrote, 1...buffer size.
    @inlinable public var count: Int { Int(length) }

    /// The label of the buffer in its group, 0..<capacity.
    @inlinable public var id: BufferID { BufferID(bid) }

    /// Whom the buffer is charged to.
    public var tag: OwnerTag { charged }

    /// Charges the buffer to `tag`, and no more to whom it was charged before. Owner's thread, but to ``OwnerTag/none``
    /// on any.
    public mutating func charge(to tag: OwnerTag, file: StaticString = #fileID, line: UInt = #line) {
        // Safe: the header lives as long as any handle.
        unsafe header.pointee.move(count: 1, from: charged, to: tag)
        unsafe header.pointee.noteCharged(bid, to: tag)
        unsafe header.pointee.touch(bid, SourceTouch(file, line))
        charged = tag
    }

    /// Gives the buffer back now. Same as dropping it.
    @inlinable
    public consuming func recycle() {}

    @inlinable
    var start: UnsafeMutableRawPointer {
        // Safe: bid, offset and length were checked when the buffer was taken.
        unsafe header.pointee.address(of: bid) + Int(offset)
    }

    /// The bytes that the kernel wrote. The span cannot outlive the buffer.
    @inlinable
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
            // Safe: the memory is this handle's until it ends.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The same bytes, writable.
    @inlinable
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: count)
            // Safe: as above, and exclusive because the access is.
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Calls `body` with the bytes. The pointer is valid only inside.
    @inlinable
    public borrowing func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}
