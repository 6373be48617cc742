// The tags of the relay's requests: what completed, and for whom.

/// Which of a connection's two directions.
enum Side: UInt64 {
    case forward = 0
    case backward = 1
}

/// A request's tag: a slot number, a side, and a kind in one word.
struct RelayTag {
    enum Kind: UInt64 {
        case accept, acceptAgain, signal, connect, receive, sinkReady, hangUp, unwatch, send, shutdown, cancel,
            cancelAll, close
    }

    let rawValue: UInt64

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(_ kind: Kind, slot: Int = 0, side: Side = .forward) {
        rawValue = UInt64(slot) << 8 | side.rawValue << 4 | kind.rawValue
    }

    // Never nil: only tags made above come back.
    var kind: Kind { Kind(rawValue: rawValue & 0xf)! }
    var side: Side { rawValue & 0x10 == 0 ? .forward : .backward }
    var slot: Int { Int(truncatingIfNeeded: rawValue >> 8) }
}
