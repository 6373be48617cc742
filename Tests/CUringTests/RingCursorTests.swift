// RingCursor, which BufferRing and BufferGroup write through, against liburing on a second memory.
// Covers: random add/publish/consume scripts on all sixteen capacities, far past the tail's wrap; the returned slots;
// the traps on a full ring, a zero length, and on consuming more than was published.
// Does not cover: the registration, and what the kernel makes of the entries.

import CLiburingReference
import CUring
import RingArithmetic
import TestSupport
import Testing

@testable import UringBuffers

@Suite struct RingCursorTests {
    @Test(arguments: RingCapacity.all) func `scripts leave the bytes liburing leaves`(capacity: RingCapacity) throws {
        try withSeed { random in
            let entries = capacity.entries
            let rings = TwoRings(entries: entries)
            var cursor = unsafe RingCursor(base: rings.ours.baseAddress!, capacity: capacity, id: 7)
            var (consumed, published, added) = (0, 0, 0)
            // Runs of each command in turn; long runs, so that large rings fill and every tail passes 65536.
            while published < 200_000 {
                let room = min(entries - (added - consumed), 1 + random.below(entries))
                for _ in 0..<room {
                    let address = unsafe UnsafeMutableRawPointer(bitPattern: UInt(1 + random.below(1 << 47)))!
                    let length = UInt32(1 + random.below(1 << 31))
                    let bid: UInt16 = random.next()
                    let slot = unsafe cursor.add(address: address, length: length, bid: BufferID(bid))
                    guard slot == added % entries else { return try #require(Bool(false), "slot \(slot) of \(added)") }
                    unsafe reference_ring_add(
                        rings.theirs.baseAddress!, UInt64(UInt(bitPattern: address)), length, bid,
                        reference_ring_mask(UInt32(entries)), Int32(added - published))
                    added += 1
                }
                if random.oneIn(16) { try #require(rings.firstDifference == nil, "added \(added)") }
                cursor.publish()
                unsafe reference_ring_advance(rings.theirs.baseAddress!, Int32(added - published))
                published = added
                if published == consumed + entries || random.oneIn(2) {
                    let count = 1 + random.below(published - consumed)
                    cursor.consume(count)
                    consumed += count
                }
                guard cursor.fill == added - consumed, Int(cursor.tail.rawValue) == added % 65536,
                    Int(cursor.head.rawValue) == consumed % 65536, cursor.published == cursor.tail,
                    Int(rings.ourTail) == published % 65536, rings.ourTail == rings.theirTail
                else {
                    return try #require(Bool(false), "added \(added), published \(published), consumed \(consumed)")
                }
            }
            try #require(rings.firstDifference == nil)
        }
    }

    @Test func `adding to a full ring traps`() async {
        await #expect(processExitsWith: .failure) {
            let rings = TwoRings(entries: 2)
            var cursor = unsafe RingCursor(base: rings.ours.baseAddress!, capacity: try RingCapacity(2), id: 7)
            for _ in 0..<3 { _ = unsafe cursor.add(address: rings.ours.baseAddress!, length: 1, bid: BufferID(0)) }
        }
    }

    @Test func `filling a ring exactly does not trap`() async {
        await #expect(processExitsWith: .success) {
            let rings = TwoRings(entries: 2)
            var cursor = unsafe RingCursor(base: rings.ours.baseAddress!, capacity: try RingCapacity(2), id: 7)
            for _ in 0..<2 { _ = unsafe cursor.add(address: rings.ours.baseAddress!, length: 1, bid: BufferID(0)) }
            cursor.publish()
            cursor.consume(2)
        }
    }

    @Test func `an entry of length 0 traps`() async {
        await #expect(processExitsWith: .failure) {
            let rings = TwoRings(entries: 2)
            var cursor = unsafe RingCursor(base: rings.ours.baseAddress!, capacity: try RingCapacity(2), id: 7)
            _ = unsafe cursor.add(address: rings.ours.baseAddress!, length: 0, bid: BufferID(0))
        }
    }

    @Test func `consuming what was added and not published traps`() async {
        await #expect(processExitsWith: .failure) {
            let rings = TwoRings(entries: 2)
            var cursor = unsafe RingCursor(base: rings.ours.baseAddress!, capacity: try RingCapacity(2), id: 7)
            _ = unsafe cursor.add(address: rings.ours.baseAddress!, length: 1, bid: BufferID(0))
            cursor.consume(1)
        }
    }
}
