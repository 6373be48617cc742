// Bytes of registered memory, owned: what file operations read into and write from.

/// A part of the application's own memory in a slot of a ``FixedBufferTable``, with one owner.
///
/// ``FixedBufferTable/register(_:in:replacing:)-memory`` returns the whole slot; ``takeFirst(_:)`` cuts pieces off its
/// front, and ``append(_:)`` joins neighbours again. A request consumes the range and its end gives it back, so nobody can
/// read or write the bytes meanwhile.
///
/// The memory stays mapped until the slot is cleared or replaced, the kernel's report came (``FixedBufferTable``), *and* no
/// range is left. A range that is dropped keeps its bytes unused until then. Any thread.
@safe
public struct FixedRange: ~Copyable, Sendable {
    let slab: Slab
    /// The slot.
    public let slot: FixedSlot
    /// Where the range begins in the slot, in bytes.
    public private(set) var offset: Int
    /// Bytes in the range.
    public private(set) var count: Int

    init(slab: Slab, slot: FixedSlot) {
        self.slab = slab
        self.slot = slot
        offset = 0
        count = slot.byteCount
    }

    private init(slab: Slab, slot: FixedSlot, offset: Int, count: Int) {
        self.slab = slab
        self.slot = slot
        self.offset = offset
        self.count = count
    }

    /// Whether there are no bytes.
    public var isEmpty: Bool { count == 0 }

    /// Cuts the first `bytes` bytes off. Traps when `bytes` is not within 0...``count``. O(1).
    ///
    /// For `O_DIRECT` cut multiples of the file's block size: the slot begins on a page.
    public mutating func takeFirst(_ bytes: Int) -> FixedRange {
        demand(
            bytes >= 0 && bytes <= count,
            "slot \(slot.index): a range of \(count) bytes cannot give \(bytes): cut at most what it has")
        let first = FixedRange(slab: slab, slot: slot, offset: offset, count: bytes)
        offset += bytes
        count -= bytes
        return first
    }

    /// Joins the range that follows this one. Traps unless both are of one registration, and `next` begins where this one
    /// ends. O(1).
    public mutating func append(_ next: consuming FixedRange) {
        demand(
            next.slot == slot && next.offset == offset + count,
            "slot \(slot.index): the range \(next.offset)..<\(next.offset + next.count) of slot \(next.slot.index) does "
                + "not follow \(offset)..<\(offset + count): join neighbours of one registration, in order")
        count += next.count
    }

    /// The address of the first byte, for stacks with a ring of their own; valid while the range lives.
    @unsafe
    public var baseAddress: UnsafeMutableRawPointer { unsafe slab.baseAddress + offset }

    /// The bytes. The span cannot outlive the range.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: baseAddress, byteCount: count)
            // Safe: the slab lives while this range does, and no other range has these bytes.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The same bytes, writable.
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            let span = unsafe MutableRawSpan(_unsafeStart: baseAddress, byteCount: count)
            // Safe: as above, and exclusive because the access is.
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// Calls `body` with the bytes. The pointer is valid only inside.
    public borrowing func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe try body(UnsafeRawBufferPointer(start: baseAddress, count: count))
    }

    /// The same, writable.
    public mutating func withUnsafeMutableBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe try body(UnsafeMutableRawBufferPointer(start: baseAddress, count: count))
    }
}
