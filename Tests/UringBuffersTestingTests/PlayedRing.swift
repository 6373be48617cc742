// The producer's side of one ring in memory of its own: both kernels get one, filled alike.

import CUring
import Glibc
import UringBuffers

/// Entries and buffers. Buffers have `bufferSize` bytes each and lie one behind the other.
@safe
final class PlayedRing {
    let entries: Int
    let bufferSize: Int
    private let ring: PageMemory
    private let slab: PageMemory
    private(set) var tail: UInt16 = 0

    init(entries: Int, bufferSize: Int) throws {
        self.entries = entries
        self.bufferSize = bufferSize
        ring = try PageMemory(byteCount: entries * 16)
        slab = try PageMemory(byteCount: entries * bufferSize)
    }

    // Safe, here and below: within memory that lives as long as this object.
    var base: UnsafeMutableRawPointer { unsafe ring.baseAddress }
    private var slabAddress: UInt64 { UInt64(UInt(bitPattern: unsafe slab.baseAddress)) }

    func publish(_ buffers: [(bid: UInt16, length: Int)]) {
        for buffer in buffers {
            unsafe curing_ring_write(
                base, UInt32(tail) & UInt32(entries - 1), slabAddress + UInt64(Int(buffer.bid) * bufferSize),
                UInt32(buffer.length), buffer.bid)
            tail &+= 1
        }
        unsafe curing_ring_publish(base, tail)
    }

    /// One byte of the buffers.
    func byte(at offset: Int) -> UInt8 { unsafe slab.baseAddress.load(fromByteOffset: offset, as: UInt8.self) }

    /// No entry is published any more. Only while the ring is not registered.
    func reset() {
        tail = 0
        unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: entries * 16)
    }

    /// Whether all entries and all bytes are the same, but for where the memory lies.
    func isLike(_ other: PlayedRing) -> Bool {
        guard unsafe memcmp(slab.baseAddress, other.slab.baseAddress, entries * bufferSize) == 0 else { return false }
        for slot in 0..<UInt32(entries) {
            let (mine, theirs) = unsafe (curing_ring_read(base, slot), curing_ring_read(other.base, slot))
            guard mine.length == theirs.length, mine.bid == theirs.bid, (mine.address == 0) == (theirs.address == 0)
            else { return false }
            if mine.address != 0 && mine.address - slabAddress != theirs.address - other.slabAddress { return false }
        }
        return true
    }
}
