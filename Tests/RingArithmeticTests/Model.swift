// The reference the tests compare with: positions that never wrap, in wide integers, and no wrapping operator at all.

import RingArithmetic

/// A ring seen from outside time: positions count from the beginning and are never cut to 16 bits.
struct WideRing {
    let entries: Int
    /// Everything ever consumed, and everything ever published.
    var consumed: Int
    var published: Int

    /// A ring whose 16-bit head is `head` and that holds `fill` entries. One full turn is added, so that nothing here
    /// is small by accident.
    init(entries: Int, head: Int, fill: Int) {
        self.entries = entries
        consumed = 65536 + head
        published = consumed + fill
    }

    var fill: Int { published - consumed }
    static func index(of position: Int) -> Int { position % 65536 }
    func slot(of position: Int) -> Int { position % entries }

    /// The slots of the `count` positions from `start` on, one by one.
    func slots(from start: Int, count: Int) -> [Int] { (start..<(start + count)).map(slot) }
}

/// The sixteen legal entry counts, written out.
let legalEntryCounts = [
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768,
]

/// Collects disagreements and keeps only the first few: an `#expect` per case would cost minutes over a million cases.
struct Disagreements {
    private(set) var count = 0
    private(set) var cases = 0
    private(set) var first: [String] = []

    mutating func check(_ holds: Bool, _ text: @autoclosure () -> String) {
        cases += 1
        guard !holds else { return }
        count += 1
        if first.count < 5 { first.append(text()) }
    }
}

func index(_ value: Int) -> RingIndex { RingIndex(UInt16(value)) }
