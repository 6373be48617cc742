// A buffer on its way through code that can hold only plain values.

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
    let generation: UInt8

    /// The first byte. Valid until the token is reclaimed and that handle ends.
    public var baseAddress: UnsafeMutableRawPointer { unsafe header.pointee.address(of: bid) + Int(offset) }
    /// The number of bytes.
    public var count: Int { Int(length) }
    /// The label of the buffer in its group.
    public var id: BufferID { BufferID(bid) }

    /// The handle again, on whatever thread. Call it exactly once: a second call traps.
    public func reclaim() -> ProvidedBuffer {
        // Safe: an unreclaimed token keeps the header alive; a reclaimed one is a programming error that the checks
        // catch as long as the group itself lives.
        let state = unsafe header.pointee.records[Int(bid)].currentState
        guard state == .adopted, unsafe header.pointee.records[Int(bid)].generation == generation else {
            fatalError(
                "group \(unsafe header.pointee.ring.id), bid \(bid): this token was reclaimed before (state "
                    + "\(state)): a token becomes a handle once")
        }
        unsafe header.pointee.records[Int(bid)].enter(.lent)
        return unsafe ProvidedBuffer(header: header, bid: bid, offset: offset, length: length)
    }
}

extension ProvidedBuffer {
    /// Gives ownership to a plain value; the buffer stays out until ``BufferToken/reclaim()``.
    public consuming func intoToken() -> BufferToken {
        let offset = offset
        let length = length
        let (header, bid) = unsafe disown()
        // Safe: the record is ours while we own the buffer.
        unsafe header.pointee.records[Int(bid)].generation &+= 1
        unsafe header.pointee.records[Int(bid)].enter(.adopted)
        let generation = unsafe header.pointee.records[Int(bid)].generation
        return unsafe BufferToken(header: header, offset: offset, length: length, bid: bid, generation: generation)
    }
}
