// Two blocks of ring memory that get the same commands: one through our accessors, one through liburing's.

import CLiburingReference
import CUring
import Glibc

/// Both start with the same junk in every byte but the tail, so that a store too many or too few shows.
@safe
final class TwoRings {
    let entries: Int
    let ours: UnsafeMutableRawBufferPointer
    let theirs: UnsafeMutableRawBufferPointer
    /// What we keep ourselves and liburing reads from memory.
    var tail: UInt16
    /// Entries written above the tail and not published.
    var pending = 0

    private var mask: Int32 { reference_ring_mask(UInt32(entries)) }

    init(entries: Int, tail: UInt16 = 0) {
        self.entries = entries
        self.tail = tail
        unsafe ours = .allocate(byteCount: entries * 16, alignment: 4096)
        unsafe theirs = .allocate(byteCount: entries * 16, alignment: 4096)
        for offset in 0..<(entries * 16) {
            let junk = UInt8(truncatingIfNeeded: offset * 31 + 7)
            unsafe ours[offset] = junk
            unsafe theirs[offset] = junk
        }
        unsafe reference_ring_init(theirs.baseAddress!)
        unsafe curing_ring_publish(ours.baseAddress!, 0)
        // liburing has no call that sets a tail, so it is moved there; counts above 32767 take two steps.
        unsafe reference_ring_advance(theirs.baseAddress!, Int32(tail / 2))
        unsafe reference_ring_advance(theirs.baseAddress!, Int32(tail - tail / 2))
        unsafe curing_ring_publish(ours.baseAddress!, tail)
    }

    deinit {
        unsafe ours.deallocate()
        unsafe theirs.deallocate()
    }

    func add(address: UInt64, length: UInt32, bid: UInt16) {
        let slot = (Int(tail) + pending) % entries
        unsafe curing_ring_write(ours.baseAddress!, UInt32(slot), address, length, bid)
        unsafe reference_ring_add(theirs.baseAddress!, address, length, bid, mask, Int32(pending))
        pending += 1
    }

    func publish() {
        tail = UInt16((Int(tail) + pending) % 65536)
        unsafe curing_ring_publish(ours.baseAddress!, tail)
        unsafe reference_ring_advance(theirs.baseAddress!, Int32(pending))
        pending = 0
    }

    /// The first byte in which the two differ.
    var firstDifference: Int? {
        if unsafe memcmp(ours.baseAddress!, theirs.baseAddress!, entries * 16) == 0 { return nil }
        return (0..<(entries * 16)).first { unsafe ours[$0] != theirs[$0] }
    }

    var ourTail: UInt16 { unsafe curing_ring_tail(ours.baseAddress!) }
    var theirTail: UInt16 {
        unsafe theirs.loadUnaligned(fromByteOffset: Int(reference_tail_offset()), as: UInt16.self)
    }
}
