// The accessors of ring memory against liburing's, byte for byte.
// Covers: layout; every add/publish script of up to 7 commands on rings of 1 to 8 entries around the tail's wrap; random
// scripts on all sixteen capacities, across the tail's wrap at 65536; slot 0 and the tail; readback.
// Does not cover: ordering between threads (a byte comparison cannot see it); consumers; arm64 code generation.

import CLiburingReference
import CUring
import TestSupport
import Testing

@Suite struct RingMemoryTests {
    @Test func `an entry and the tail lie where liburing has them`() {
        #expect(reference_entry_bytes() == 16)
        #expect(UInt32(CURING_ENTRY_BYTES) == reference_entry_bytes())
        let rings = TwoRings(entries: 1, tail: 0xbeef)
        #expect(rings.ourTail == 0xbeef)
        #expect(rings.theirTail == 0xbeef)
        #expect(rings.firstDifference == nil)
    }

    @Test(arguments: [1, 2, 4, 8]) func `every short script leaves the same bytes`(entries: Int) {
        var scripts = 0
        for length in 0...7 {
            for bits in 0..<(1 << length) {
                for tail in [0, UInt16(entries), 65535, UInt16(65536 - entries), UInt16(65535 - length)] {
                    let rings = TwoRings(entries: entries, tail: tail)
                    for step in 0..<length {
                        if bits & (1 << step) == 0 { rings.publish() } else { rings.add(step) }
                        guard rings.agree else {
                            Issue.record("script \(bits) of \(length), tail \(tail), step \(step): \(rings.state)")
                            return
                        }
                    }
                    scripts += 1
                }
            }
        }
        #expect(scripts == 255 * 5)
    }

    @Test(arguments: (0...15).map { 1 << $0 }) func `random scripts leave the same bytes`(entries: Int) throws {
        try withSeed(rounds: 2) { random in
            let rings = TwoRings(entries: entries, tail: random.next())
            for _ in 0..<40 {
                // One publish moves at most one ring, as a producer that counts would.
                for _ in 0..<random.below(min(entries, 64) + 1) {
                    rings.add(address: random.next(), length: random.next(), bid: random.next())
                }
                if random.oneIn(8) { try #require(rings.agree, "before publishing: \(rings.state)") }
                rings.publish()
            }
            try #require(rings.agree, "\(rings.state)")
        }
    }

    @Test(arguments: (0...15).map { 1 << $0 }) func `the tail wraps at 65536 at every capacity`(entries: Int) throws {
        let batch = min(entries, 8)
        let rings = TwoRings(entries: entries, tail: UInt16(65536 - 3 * batch))
        for turn in 1...6 {
            for step in 0..<batch { rings.add(turn * 100 + step) }
            rings.publish()
            try #require(rings.agree, "\(rings.state)")
        }
        #expect(rings.ourTail == UInt16(3 * batch))
    }

    @Test func `writing slot 0 leaves the tail alone, whatever is written`() throws {
        try withSeed { random in
            let rings = TwoRings(entries: 8)
            for tail in 0...UInt16.max {
                unsafe curing_ring_publish(rings.ours.baseAddress!, tail)
                unsafe curing_ring_write(rings.ours.baseAddress!, 0, random.next(), random.next(), random.next())
                unsafe curing_ring_readdress(rings.ours.baseAddress!, 0, random.next())
                try #require(rings.ourTail == tail)
            }
        }
    }

    @Test func `control: a whole 16-byte entry in slot 0 would destroy the tail`() {
        let rings = TwoRings(entries: 8, tail: 3)
        unsafe reference_ring_store_whole_entry(rings.ours.baseAddress!, 0, 0x1000, 64, 7)
        #expect(rings.ourTail == 0)
        #expect(rings.theirTail == 3)
        #expect(!rings.agree)
    }

    @Test func `what was written is read back, and readdress changes only the address`() throws {
        try withSeed { random in
            let rings = TwoRings(entries: 16)
            for slot in 0..<UInt32(16) {
                let (address, length, bid): (UInt64, UInt32, UInt16) = (random.next(), random.next(), random.next())
                unsafe curing_ring_write(rings.ours.baseAddress!, slot, address, length, bid)
                let entry = unsafe curing_ring_read(rings.ours.baseAddress!, slot)
                try #require(entry.address == address && entry.length == length && entry.bid == bid)
                try #require(unsafe curing_ring_bid(rings.ours.baseAddress!, slot) == bid)
                unsafe curing_ring_readdress(rings.ours.baseAddress!, slot, address ^ 1)
                let moved = unsafe curing_ring_read(rings.ours.baseAddress!, slot)
                try #require(moved.address == address ^ 1 && moved.length == length && moved.bid == bid)
            }
        }
    }
}

extension TwoRings {
    /// An entry whose every field tells the step.
    func add(_ step: Int) {
        add(address: 0x1111_0000_0000 + UInt64(step), length: 0x2222_0000 + UInt32(step), bid: 0x3300 + UInt16(step))
    }

    var agree: Bool { firstDifference == nil && ourTail == tail && theirTail == tail }

    var state: String {
        "entries \(entries), tail \(tail), ours \(ourTail), liburing's \(theirTail), pending \(pending), "
            + "first different byte \(firstDifference.map(String.init) ?? "none")"
    }
}
