// A buffer with several owners: counted, read-only, cut into slices.

/// A buffer, or a part of one, that can be copied, kept and read on any thread.
///
/// Made by ``ProvidedBuffer/share()``. Copies and slices are counted (by Swift's own reference counts: one allocation
/// for each shared buffer, none for a copy); the last one to go gives the buffer back, wherever that happens.
public struct SharedBuffer: Sendable {
    private let owner: Owner
    /// Where the slice begins in what was shared.
    private let offset: Int
    /// The number of bytes.
    public let count: Int

    /// Holds the handle while anyone refers to it.
    private final class Owner: Sendable {
        let buffer: ProvidedBuffer
        init(_ buffer: consuming ProvidedBuffer) { self.buffer = buffer }
    }

    fileprivate init(_ buffer: consuming ProvidedBuffer) {
        count = buffer.count
        owner = Owner(buffer)
        offset = 0
    }

    private init(_ owner: Owner, offset: Int, count: Int) {
        self.owner = owner
        self.offset = offset
        self.count = count
    }

    /// The label of the buffer in its group.
    public var id: BufferID { owner.buffer.id }

    /// Whether there are no bytes.
    public var isEmpty: Bool { count == 0 }

    /// The same buffer, fewer bytes. Traps when `range` is not within 0..<count. O(1).
    public subscript(range: Range<Int>) -> SharedBuffer {
        demand(
            range.lowerBound >= 0 && range.upperBound <= count,
            "bytes \(range) are not within the \(count) bytes of the shared buffer")
        return SharedBuffer(owner, offset: offset + range.lowerBound, count: range.count)
    }

    /// The bytes. The span cannot outlive this value.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe RawSpan(_unsafeStart: start, byteCount: count)
            // Safe: the owner is alive while this value is, and nobody writes to a shared buffer.
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Calls `body` with the bytes. The pointer is valid only inside.
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { extendLifetime(owner) }
        return unsafe try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    // Safe: within the buffer that the owner holds.
    var start: UnsafeMutableRawPointer { unsafe owner.buffer.start + offset }

    var header: UnsafeMutablePointer<GroupHeader> { unsafe owner.buffer.header }
}

extension ProvidedBuffer {
    /// Gives the buffer to any number of readers. Nobody can write to it any more.
    public consuming func share(file: StaticString = #fileID, line: UInt = #line) -> SharedBuffer {
        // Safe: the buffer is ours.
        unsafe header.pointee.note(.shared, bid)
        unsafe header.pointee.touch(bid, SourceTouch(file, line))
        return SharedBuffer(self)
    }
}
