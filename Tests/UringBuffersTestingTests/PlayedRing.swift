// The producer's side of one ring in memory of its own: both kernels get one, filled alike.

import CUring
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

    /// All entries and all bytes, as far as they do not depend on where the memory lies.
    var picture: [UInt64] {
        var words: [UInt64] = []
        for slot in 0..<entries {
            let entry = unsafe curing_ring_read(base, UInt32(slot))
            words += [entry.address == 0 ? 0 : entry.address - slabAddress, UInt64(entry.length), UInt64(entry.bid)]
        }
        for offset in stride(from: 0, to: entries * bufferSize, by: 8) {
            unsafe words.append(slab.baseAddress.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        return words
    }
}
