// Several buffers in order, owned: what one bundled receive delivers, and what a gathered send takes.

public import Glibc

/// An ordered chain of filled buffers of one group.
///
/// A bundled receive (`IORING_RECVSEND_BUNDLE`) delivers up to 512 buffers in one completion. Take them apart with
/// ``next()``, or keep the chain whole: ``append(_:)`` another, send it with one gathered `sendmsg`, and ``drop(bytes:)``
/// what was sent. Buffers that are left when it is dropped go back, on whatever thread. Cannot be copied.
///
///      bundle ─▶ buffer 7 ─▶ buffer 2 ─▶ buffer 9          linked through the group, no allocation
///                  4096        4096        1200 bytes
@safe
@frozen
public struct BufferBundle: ~Copyable, @unchecked Sendable {
    // @unchecked: as ProvidedBuffer, for every buffer of the chain.

    @usableFromInline let header: UnsafeMutablePointer<GroupHeader>
    @usableFromInline var first: UInt16
    @usableFromInline var last: UInt16
    /// Bytes of the first buffer that are already done with.
    @usableFromInline var firstOffset: UInt32
    /// The number of buffers.
    public internal(set) var count: Int
    /// The bytes in all buffers.
    public internal(set) var byteCount: Int

    init(header: UnsafeMutablePointer<GroupHeader>, first: UInt16, last: UInt16, count: Int, byteCount: Int) {
        unsafe self.header = unsafe header
        self.first = first
        self.last = last
        self.count = count
        self.byteCount = byteCount
        firstOffset = 0
    }

    /// A chain of one.
    public init(_ buffer: consuming ProvidedBuffer) {
        let count = buffer.count
        let offset = buffer.offset
        let (header, bid) = unsafe buffer.disown()
        // Safe: the buffer is ours now, hence its record.
        unsafe header.pointee.records[Int(bid)].length = offset + UInt32(count)
        unsafe self.init(header: header, first: bid, last: bid, count: 1, byteCount: count)
        firstOffset = offset
    }

    deinit {
        // Safe: the header lives as long as any buffer of the chain.
        if count > 0 { unsafe GroupHeader.giveBack(header, first: first, last: last, count: count) }
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
        let length = unsafe header.pointee.records[Int(bid)].length - offset
        dropFirstBuffer(bytes: Int(length))
        return unsafe ProvidedBuffer(header: header, bid: bid, offset: offset, length: length)
    }

    /// Puts all buffers of `other` behind this chain's. Both must belong to one group.
    public mutating func append(_ other: consuming BufferBundle) {
        guard other.count > 0 else { return }
        unsafe precondition(header == other.header, "only bundles of one group can be joined")
        precondition(other.firstOffset == 0 || count == 0, "a bundle that was begun cannot be appended")
        if count == 0 {
            first = other.first
            firstOffset = other.firstOffset
        } else {
            // Safe: both chains are ours, hence their links.
            unsafe header.pointee.links[Int(last)] = other.first
        }
        last = other.last
        count += other.count
        byteCount += other.byteCount
        other.count = 0
    }

    /// Splits off everything: the chain moves to the result and this one is empty.
    public mutating func takeAll() -> BufferBundle {
        var all = unsafe BufferBundle(header: header, first: first, last: last, count: count, byteCount: byteCount)
        all.firstOffset = firstOffset
        count = 0
        byteCount = 0
        firstOffset = 0
        return all
    }

    /// Gives back the buffers that lie wholly within the first `bytes` bytes, and marks the rest as done with.
    ///
    /// O(buffers dropped). Traps when the bundle holds fewer bytes.
    public mutating func drop(bytes: Int) {
        precondition(bytes >= 0 && bytes <= byteCount, "a bundle of \(byteCount) bytes cannot drop \(bytes)")
        var left = bytes
        let firstDropped = first
        var lastDropped = first
        var dropped = 0
        while left > 0 {
            let length = Int(unsafe header.pointee.records[Int(first)].length - firstOffset)
            guard left >= length else {
                firstOffset += UInt32(left)
                byteCount -= left
                break
            }
            lastDropped = first
            dropped += 1
            left -= length
            dropFirstBuffer(bytes: length)
        }
        if dropped > 0 {
            unsafe GroupHeader.giveBack(header, first: firstDropped, last: lastDropped, count: dropped)
        }
    }

    /// Fills `vectors` with address and length of as many leading buffers as fit, and returns how many those are and
    /// how many bytes they hold. The addresses are valid while the buffers are in this bundle.
    public func gather(into vectors: UnsafeMutableBufferPointer<iovec>) -> (buffers: Int, bytes: Int) {
        let wanted = Swift.min(count, vectors.count)
        var bid = first
        var offset = firstOffset
        var bytes = 0
        for position in 0..<wanted {
            let length = unsafe header.pointee.records[Int(bid)].length - offset
            let address = unsafe header.pointee.address(of: bid) + Int(offset)
            unsafe vectors[position] = unsafe iovec(iov_base: address, iov_len: Int(length))
            bytes += Int(length)
            offset = 0
            if position + 1 < wanted { bid = unsafe header.pointee.links[Int(bid)] }
        }
        return (wanted, bytes)
    }

    private mutating func dropFirstBuffer(bytes: Int) {
        count -= 1
        byteCount -= bytes
        firstOffset = 0
        if count > 0 { first = unsafe header.pointee.links[Int(first)] }
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

extension GroupHeader {
    /// Gives back a chain on whatever thread this is.
    @usableFromInline @inline(never)
    static func giveBack(_ header: UnsafeMutablePointer<GroupHeader>, first: UInt16, last: UInt16, count: Int) {
        guard unsafe header.pointee.isOwnedByThisThread else {
            return unsafe giveBackRemotely(header, first: first, last: last, count: count)
        }
        var bid = first
        for _ in 0..<count {
            // Safe: the chain is the caller's; the link is read before the buffer is given back.
            let next = unsafe header.pointee.links[Int(bid)]
            unsafe header.pointee.recycle(bid)
            bid = next
        }
        unsafe header.pointee.refillWhenWorthwhile()
    }
}
