// The producer's side of a ring: where the next entry goes, and what may be written there.

public import CUring
public import RingArithmetic

/// The owner's view of a buffer ring: add, publish, consume.
///
///          head          published        tail
///            │ ▓▓▓▓▓▓▓▓▓▓▓▓▓ │ ░░░░░░░░░░░░ │             ▓ the kernel may select   ░ added, not published
///
/// The kernel keeps its head private and checks nothing; ``head`` is what completions told, and adding to a full ring
/// traps. A plain value, apart from the resources it writes to, so that the hot path can be inlined.
@safe
@frozen @usableFromInline
struct RingCursor {
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let capacity: RingCapacity
    @usableFromInline let id: BufferGroupID
    @usableFromInline var head = RingIndex.zero
    @usableFromInline var tail = RingIndex.zero
    @usableFromInline var published = RingIndex.zero

    /// `base` must be the start of a registered ring's memory with `capacity` entries, and outlive the cursor.
    init(base: UnsafeMutableRawPointer, capacity: RingCapacity, id: BufferGroupID) {
        unsafe self.base = unsafe base
        self.capacity = capacity
        self.id = id
    }

    /// Entries added and not yet consumed, 0...capacity.
    @inlinable var available: Int { Int(tail.distance(from: head)) }

    @inlinable
    mutating func add(address: UnsafeMutableRawPointer, length: UInt32, bid: BufferID) -> Int {
        if available > Int(capacity.mask) || length == 0 { refuse(length, bid) }
        let slot = tail.slot(in: capacity)
        // Safe: the slot is masked, so the entry lies inside the ring's memory.
        unsafe curing_ring_write(
            base, UInt32(truncatingIfNeeded: slot), UInt64(UInt(bitPattern: address)), length, bid.rawValue)
        tail.advance(by: 1)
        return slot
    }

    @inlinable
    mutating func publish() {
        published = tail
        // Safe: the tail lies in slot 0, which every ring has.
        unsafe curing_ring_publish(base, tail.rawValue)
    }

    @inlinable
    mutating func consume(_ count: Int) {
        if count > Int(published.distance(from: head)) { refuseConsume(count) }
        head.advance(by: UInt16(truncatingIfNeeded: count))
    }

    /// Gives every published entry the address 0, for which the kernel answers `ENOBUFS` and selects nothing.
    ///
    /// Entries cannot be taken back by moving the tail; but a selection holds the ring's mutex, as does every later
    /// register call of ours, so one that follows such a call sees the zero and one that precedes it shows in the head.
    func withdraw() { rewrite { _ in 0 } }

    /// Gives every published entry the address of its buffer again.
    func restore(_ address: (BufferID) -> UInt64) { rewrite(address) }

    private func rewrite(_ address: (BufferID) -> UInt64) {
        for step in 0..<published.distance(from: head) {
            let slot = UInt32(truncatingIfNeeded: head.advanced(by: step).slot(in: capacity))
            // Safe: masked; one 8-byte store, so the kernel sees the old address or the new one.
            unsafe curing_ring_readdress(base, slot, address(BufferID(curing_ring_bid(base, slot))))
        }
    }

    @inlinable
    func bid(inSlot slot: Int) -> BufferID {
        // Safe: masked.
        BufferID(unsafe curing_ring_bid(base, UInt32(truncatingIfNeeded: slot & Int(capacity.mask))))
    }

    @usableFromInline @inline(never)
    func refuse(_ length: UInt32, _ bid: BufferID) -> Never {
        if length == 0 { fatalError("group \(id), bid \(bid): an entry of length 0 would block the ring") }
        fatalError(
            "group \(id), bid \(bid): the ring is full, \(available) of \(capacity) entries are published; "
                + "consume completions before adding more")
    }

    @usableFromInline @inline(never)
    func refuseConsume(_ count: Int) -> Never {
        fatalError(
            "group \(id): \(count) entries cannot be consumed, only \(published.distance(from: head)) are published; "
                + "was a completion of another ring taken?")
    }
}
