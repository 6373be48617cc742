// A ring in wide integers: positions that never wrap, and a label for the entry at each of them.

/// What a ring must do. No 16-bit and no wrapping arithmetic.
public struct WideModel {
    public let entries: Int
    public private(set) var consumed: Int
    public private(set) var published: Int
    public private(set) var added: Int
    /// The canary's mistake: one slot short where a run ends exactly at the ring's end.
    private let planted: Bool

    public init(entries: Int, start: Int, planted: Bool = false) {
        self.entries = entries
        self.planted = planted
        consumed = start
        published = start
        added = start
    }

    public var available: Int { added - consumed }
    public var visible: Int { published - consumed }
    public var room: Int { entries - available }

    public func slot(of position: Int) -> Int { position % entries }
    public func index(of position: Int) -> Int { position % 65536 }

    /// The label of the entry added at a position: the consume order is the publish order, so the position says it all.
    public func label(of position: Int) -> UInt64 { UInt64(position) * 3 + 1 }

    /// The slots of `count` positions from the head on, as the model has them.
    public func slots(count: Int) -> some Sequence<Int> {
        let off = planted && entries >= 4 && count > 1 && slot(of: consumed + count) == 0 ? 1 : 0
        let entries = entries
        return (consumed..<(consumed + count - off)).lazy.map { $0 % entries }
    }

    /// Adds one entry and returns its label.
    public mutating func add() -> UInt64 {
        added += 1
        return label(of: added - 1)
    }

    public mutating func publish() { published = added }

    /// Consumes one entry and returns its label.
    public mutating func consume() -> UInt64 {
        consumed += 1
        return label(of: consumed - 1)
    }
}
