// A stream in which every byte is known by its position, cheap to write and to check even without optimisation.

import Glibc

/// Reads one long pseudo-random pattern round and round from a place of its own.
///
/// The pattern's length is prime, so no misplaced or repeated buffer of any size falls on equal bytes; two streams
/// differ by where they begin.
struct PatternStream {
    private static let length = 1_048_573
    /// Twice, so that up to `length` bytes from any place are contiguous.
    private static let pattern: [UInt8] = {
        var random = SeededRandom(seed: 0x7075_7265)
        var words = [UInt64](repeating: 0, count: (length + 7) / 8)
        for index in words.indices { words[index] = random.next() }
        let once = unsafe words.withUnsafeBytes { unsafe Array($0.prefix(length)) }
        return once + once
    }()

    let seed: UInt64
    private(set) var position = 0

    init(seed: UInt64) { self.seed = seed }

    private var place: Int { (Int(seed % UInt64(PatternStream.length)) + position) % PatternStream.length }

    /// Lets `body` use at most `count` next bytes; moves on by what it returns.
    mutating func withNext(_ count: Int, _ body: (UnsafeRawBufferPointer) -> Int) -> Int {
        let start = place
        let count = min(count, PatternStream.length)
        let used = unsafe PatternStream.pattern.withUnsafeBytes { bytes in
            unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
        }
        position += max(0, used)
        return used
    }

    /// The next bytes as an array.
    mutating func next(_ count: Int) -> [UInt8] {
        var made: [UInt8] = []
        while made.count < count {
            _ = unsafe withNext(count - made.count) { bytes in
                unsafe made.append(contentsOf: bytes)
                return bytes.count
            }
        }
        return made
    }

    /// Where the bytes first differ from the next ones; moves on when they do not.
    mutating func mismatch(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var checked = 0
        while checked < bytes.count {
            let before = checked
            var wrong: Int?
            _ = unsafe withNext(bytes.count - checked) { expected in
                // Safe: both are at least as long as the expected bytes.
                let here = unsafe UnsafeRawBufferPointer(rebasing: bytes[before..<before + expected.count])
                if unsafe memcmp(here.baseAddress!, expected.baseAddress!, expected.count) == 0 {
                    return expected.count
                }
                wrong = before + expected.indices.first { unsafe here[$0] != expected[$0] }!
                return 0
            }
            if let wrong { return wrong }
            checked = before + min(bytes.count - before, PatternStream.length)
        }
        return nil
    }

    mutating func mismatch(_ bytes: [UInt8]) -> Int? { unsafe bytes.withUnsafeBytes { unsafe mismatch($0) } }
}
