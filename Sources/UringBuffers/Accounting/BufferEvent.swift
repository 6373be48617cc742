// The steps of one buffer that its history remembers.

/// A step in a buffer's life, in four bits.
public enum BufferEvent: UInt8, Hashable, Sendable, Codable, CaseIterable {
    /// The kernel may select it.
    case published = 1
    /// A completion named it, and a handle owns it.
    case taken = 2
    /// Incremental: a completion brought a part of it, and the kernel goes on.
    case partlyTaken = 3
    /// The kernel fills no more of it.
    case finished = 4
    /// It came back on the owner's thread.
    case recycled = 5
    /// It came back on another thread.
    case returned = 6
    /// The owner took it off the return stack.
    case drained = 7
    /// It has several readers now.
    case shared = 8
    /// A token took it, and gave it back.
    case adopted = 9
    case reclaimed = 10
    /// A send took it, and gave it back.
    case leased = 11
    case unleased = 12
    /// It was charged to another tag.
    case charged = 13

    /// The events in a history word, the newest first. Each new one is shifted in at the low end.
    public static func history(_ word: UInt64) -> [BufferEvent] {
        (0..<16).compactMap { BufferEvent(rawValue: UInt8(word >> (4 * $0) & 15)) }
    }
}
