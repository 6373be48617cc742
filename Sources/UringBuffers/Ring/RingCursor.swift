// The producer's side of a ring: where the next entry goes, and what may be written there.

public import CUring
public import RingArithmetic

/// The owner's view of a buffer ring: add, publish, consume.
///
///          head          published        tail
///            │ ▓▓▓▓▓▓▓▓▓▓▓▓▓ │ ░░░░░░░░░░░░ │
///              selectable      pending                ▓ the kernel may select   ░ added, not published
///
/// The kernel keeps its head private and checks nothing; the head here is what completions told, and adding to a full
/// ring traps. Kept are the tail and the two counts, so that taking a buffer touches one number. A plain value, apart
/// from the resources it writes to, so that the hot path can be inlined.
@safe
@frozen @usableFromInline
struct RingCursor: ~Copyable {
    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let capacity: RingCapacity
    @usableFromInline let id: BufferGroupID
    @usableFromInline var tail = RingIndex.zero
    @usableFromInline let selectableWord = OwnedWord()
    /// Entries added and not published, 0...capacity - selectable.
    @usableFromInline var pending = 0

    /// `base` must be the start of a registered ring's memory with `capacity` entries, and outlive the cursor.
    init(base: UnsafeMutableRawPointer, capacity: RingCapacity, id: BufferGroupID) {
        unsafe self.base = unsafe base
        self.capacity = capacity
        self.id = id
    }

    /// Entries that the kernel may select, 0...capacity. Other threads may read it.
    @inlinable var selectable: Int {
        get { selectableWord.value }
        nonmutating set { selectableWord.value = newValue }
    }
    /// Entries added and not yet consumed, 0...capacity.
    @inlinable var fill: Int { selectable &+ pending }
    /// The end of what the kernel may select.
    @inlinable var published: RingIndex { RingIndex(tail.rawValue &- UInt16(truncatingIfNeeded: pending)) }
    /// The end of what completions told of.
    @inlinable var head: RingIndex { RingIndex(tail.rawValue &- UInt16(truncatingIfNeeded: fill)) }

    @inlinable
    mutating func add(address: UnsafeMutableRawPointer, length: UInt32, bid: BufferID) -> Int {
        if fill > Int(capacity.mask) || length == 0 { refuse(length, bid) }
        let slot = tail.slot(in: capacity)
        // Safe: the slot is masked, so the entry lies inside the ring's memory.
        unsafe curing_ring_write(
            base, UInt32(truncatingIfNeeded: slot), UInt64(UInt(bitPattern: address)), length, bid.rawValue)
        tail.advance(by: 1)
        pending &+= 1
        return slot
    }

    @inlinable
    mutating func publish() {
        selectable &+= pending
        pending = 0
        // Safe: the tail lies in slot 0, which every ring has.
        unsafe curing_ring_publish(base, tail.rawValue)
    }

    @inlinable
    mutating func consume(_ count: Int) {
        // Unsigned, so that a negative count is too large as well.
        if UInt(bitPattern: count) > UInt(bitPattern: selectable) { refuseConsume(count) }
        selectable &-= count
    }

    /// Gives every published entry the address 0, for which the kernel answers `ENOBUFS` (`EFAULT` to bundles) and
    /// selects nothing.
    ///
    /// Entries cannot be taken back by moving the tail; but a selection holds the ring's mutex, as does every later
    /// register call of ours, so one that follows such a call sees the zero and one that precedes it shows in the head.
    func withdraw() { rewrite { _ in 0 } }

    /// Gives every published entry the address of its buffer again.
    func restore(_ address: (curing_ring_entry) -> UInt64) { rewrite(address) }

    private func rewrite(_ address: (curing_ring_entry) -> UInt64) {
        for step in 0..<UInt16(selectable) {
            let slot = UInt32(truncatingIfNeeded: head.advanced(by: step).slot(in: capacity))
            // Safe: masked; one 8-byte store, so the kernel sees the old address or the new one.
            unsafe curing_ring_readdress(base, slot, address(curing_ring_read(base, slot)))
        }
    }

    @inlinable
    func bid(inSlot slot: Int) -> BufferID {
        // Safe: masked.
        BufferID(unsafe curing_ring_bid(base, UInt32(truncatingIfNeeded: slot & Int(capacity.mask))))
    }

    /// What stands in a slot now. The kernel may be changing address and length in incremental mode.
    func entry(inSlot slot: Int) -> curing_ring_entry {
        // Safe: masked.
        unsafe curing_ring_read(base, UInt32(truncatingIfNeeded: slot & Int(capacity.mask)))
    }

    @usableFromInline @inline(never)
    func refuse(_ length: UInt32, _ bid: BufferID) -> Never {
        if length == 0 { fatalError("group \(id), bid \(bid): an entry of length 0 would block the ring") }
        fatalError(
            "group \(id), bid \(bid): the ring is full, \(fill) of \(capacity) entries are published; "
                + "consume completions before adding more")
    }

    @usableFromInline @inline(never)
    func refuseConsume(_ count: Int) -> Never {
        fatalError(
            "group \(id): \(count) entries cannot be consumed, only \(selectable) are published; "
                + "was a completion of another ring taken?")
    }
}
