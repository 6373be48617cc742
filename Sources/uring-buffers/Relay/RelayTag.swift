// The tags of the relay's requests: what completed, and for whom.

/// Which of a connection's two directions.
enum Side: UInt64 {
    case forward = 0
    case backward = 1
}

/// A request's tag: a slot number, a side, and a kind in one word; of a send, also the buffers that it takes along.
struct RelayTag {
    enum Kind: UInt64 {
        case accept, acceptAgain, signal, connect, receive, sinkReady, hangUp, unwatch, send, shutdown, cancel,
            cancelAll, close, planted
    }

    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    private static let slotBits = 32
    /// The queue wants tags below 2^63.
    private static let mostBuffers = 1 << 23 - 1

    init(_ kind: Kind, slot: Int = 0, side: Side = .forward, buffers: Int = 0) {
        precondition(slot >> RelayTag.slotBits == 0 && buffers <= RelayTag.mostBuffers, "a tag has no room for this")
        rawValue = UInt64(buffers) << 40 | UInt64(slot) << 8 | side.rawValue << 4 | kind.rawValue
    }

    // Never nil: only tags made above come back.
    var kind: Kind { Kind(rawValue: rawValue & 0xf)! }
    var side: Side { rawValue & 0x10 == 0 ? .forward : .backward }
    var slot: Int { Int(truncatingIfNeeded: rawValue >> 8 & 0xffff_ffff) }
    var buffers: Int { Int(truncatingIfNeeded: rawValue >> 40) }
}
