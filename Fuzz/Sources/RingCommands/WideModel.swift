// A ring in wide integers: positions that never wrap, and the entries in the order they were published.

/// What a ring must do. No 16-bit and no wrapping arithmetic.
public struct WideModel {
    public let entries: Int
    public private(set) var consumed: Int
    public private(set) var published: Int
    public private(set) var added: Int
    /// The label of every entry added and not consumed, oldest first.
    public private(set) var labels: [UInt64] = []
    private var nextLabel: UInt64 = 1
    /// The canary's mistake: wrong by one where a run ends exactly at the ring's end after a full turn.
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

    /// The slots of `count` positions from the head on.
    public func slots(count: Int) -> [Int] {
        let off = planted && entries >= 4 && count > 1 && slot(of: consumed + count) == 0 ? 1 : 0
        return (consumed..<(consumed + count - off)).map(slot)
    }

    public mutating func add() -> UInt64 {
        let label = nextLabel
        nextLabel += 1
        labels.append(label)
        added += 1
        return label
    }

    public mutating func publish() { published = added }

    public mutating func consume() -> UInt64 {
        consumed += 1
        return labels.removeFirst()
    }
}
