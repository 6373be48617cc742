// A buffer on its way through code that can hold only plain values.

internal import Synchronization

/// The right to one buffer as a plain value: for C callbacks, no-copy `Data`, or another stack's buffer type.
///
/// Unlike a handle it can be copied and dropped, so the pool checks at run time: ``reclaim()`` turns it back into the one
/// handle, and traps when that was done before. A token that is never reclaimed keeps its buffer for ever; the books
/// count it as lent.
@safe
public struct BufferToken: @unchecked Sendable {
    // @unchecked: as ProvidedBuffer; the state check makes the first reclaim the only owner.

    let header: UnsafeMutablePointer<GroupHeader>
    let offset: UInt32
    let length: UInt32
    let bid: UInt16
    let charged: OwnerTag
    /// Tells this token from every other of its group.
    let number: UInt32
    /// Of a segment, whose buffer others may own too: whether it was reclaimed.
    let segment: SegmentClaim?

    /// The first byte. Valid until the token is reclaimed and that handle ends.
    public var baseAddress: UnsafeMutableRawPointer { unsafe header.pointee.address(of: bid) + Int(offset) }
    /// The number of bytes.
    public var count: Int { Int(length) }
    /// The label of the buffer in its group.
    public var id: BufferID { BufferID(bid) }

    /// The handle again, on whatever thread. Call it exactly once: a second call traps.
    public func reclaim(file: StaticString = #fileID, line: UInt = #line) -> ProvidedBuffer {
        // Safe: an unreclaimed token keeps the header alive; a reclaimed one is a programming error that the checks
        // catch, as long as the group itself lives or the token is of a segment.
        if let segment {
            guard segment.claim() else {
                fatalError("bid \(bid): this token of a segment was reclaimed before: a token becomes a handle once")
            }
        } else {
            claimBuffer()
        }
        unsafe header.pointee.note(.reclaimed, bid)
        unsafe header.pointee.touch(bid, SourceTouch(file, line))
        var buffer = unsafe ProvidedBuffer(header: header, bid: bid, offset: offset, length: length)
        buffer.charged = charged
        return buffer
    }

    private func claimBuffer() {
        let state = unsafe header.pointee.records[Int(bid)].currentState
        guard state == .adopted, unsafe header.pointee.records[Int(bid)].length == number,
            // Of two threads that reclaim at once, one wins.
            unsafe header.pointee.records[Int(bid)].exchange(.adopted, for: .lent)
        else {
            fatalError(
                "group \(unsafe header.pointee.ring.id), bid \(bid): this token was reclaimed before (state "
                    + "\(state)): a token becomes a handle once")
        }
    }
}

/// Whether the token of a segment was reclaimed.
final class SegmentClaim: Sendable {
    private let isClaimed = Atomic<Bool>(false)

    /// Returns whether this is the first time.
    func claim() -> Bool { !isClaimed.exchange(true, ordering: .acquiringAndReleasing) }
}

extension ProvidedBuffer {
    /// Gives ownership to a plain value; the buffer stays out until ``BufferToken/reclaim()``.
    public consuming func intoToken(file: StaticString = #fileID, line: UInt = #line) -> BufferToken {
        let offset = offset
        let length = length
        let charged = charged
        let (header, bid) = unsafe disown()
        unsafe header.pointee.touch(bid, SourceTouch(file, line))
        // Safe: the record is ours while we own the whole buffer.
        guard unsafe header.pointee.records[Int(bid)].isIn(.lent) else {
            return unsafe BufferToken(
                header: header, offset: offset, length: length, bid: bid, charged: charged, number: 0,
                segment: SegmentClaim())
        }
        let number = unsafe header.pointee.tokens.add(1, ordering: .relaxed).newValue
        unsafe header.pointee.records[Int(bid)].length = number
        unsafe header.pointee.note(.adopted, bid)
        unsafe header.pointee.records[Int(bid)].enter(.adopted)
        return unsafe BufferToken(
            header: header, offset: offset, length: length, bid: bid, charged: charged, number: number, segment: nil)
    }
}
