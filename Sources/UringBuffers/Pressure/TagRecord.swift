// What a group knows of one holder of buffers.

internal import Synchronization

/// What a group knows of one tag. The counts are changed by whoever ends a handle; the rest is the owner's.
struct TagRecord: ~Copyable {
    var usesReserve: Bool
    let held = Atomic<Int>(0)
    /// Those of them that are lent to sends.
    let sending = Atomic<Int>(0)
    let peak = Atomic<Int>(0)
    let total = Atomic<Int>(0)
    private let limitWord: OwnedWord
    private let endedWord = OwnedWord()
    let name = TagName()

    init(limit: Int, usesReserve: Bool) {
        limitWord = OwnedWord(limit)
        self.usesReserve = usesReserve
    }

    var limit: Int {
        get { limitWord.value }
        nonmutating set { limitWord.value = newValue }
    }

    var isEnded: Bool {
        get { endedWord.value != 0 }
        nonmutating set { endedWord.value = newValue ? 1 : 0 }
    }

    /// For views. Any thread.
    func snapshot(number: Int) -> TagSnapshot {
        TagSnapshot(
            number: number, name: name.text, held: held.load(ordering: .relaxed),
            sending: sending.load(ordering: .relaxed), peak: peak.load(ordering: .relaxed),
            total: total.load(ordering: .relaxed), limit: limit == .max ? nil : limit)
    }
}

/// Up to 32 bytes of text, which the owner sets and any thread reads. Read while it is set anew it may mix both.
struct TagName: ~Copyable {
    private let first = OwnedWord()
    private let second = OwnedWord()
    private let third = OwnedWord()
    private let fourth = OwnedWord()

    func set(_ text: String?) {
        var bytes = Array((text ?? "").utf8.prefix(32))
        // Not in the middle of a character.
        while !bytes.isEmpty, String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
        bytes += repeatElement(0, count: 32 - bytes.count)
        func word(_ index: Int) -> Int {
            bytes[(index * 8)..<(index * 8 + 8)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        first.value = word(0)
        second.value = word(1)
        third.value = word(2)
        fourth.value = word(3)
    }

    var text: String? {
        guard first.value != 0 else { return nil }
        var bytes: [UInt8] = []
        for word in [first.value, second.value, third.value, fourth.value] {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * shift))) }
        }
        return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
