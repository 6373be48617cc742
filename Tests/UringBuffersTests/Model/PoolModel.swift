// What a pool should be, in plain arrays and sets: who has which buffer, what is charged, who waits.

import UringBuffers

struct PoolModel {
    struct Tag {
        var limit: Int
        var usesReserve: Bool
        var held = 0
        var isEnded = false
    }

    let capacity: Int
    let bufferSize: Int
    let isIncremental: Bool
    let minimumLeft: Int
    /// Published and not used up by a completion that was taken, in order.
    var published: [UInt16] = []
    /// How many bytes of a published buffer completions told of.
    var told: [UInt16: Int] = [:]
    /// How many live pieces each buffer has.
    var pieces: [UInt16: Int] = [:]
    /// Finished by the kernel with several pieces out, or by being skipped.
    var divided: Set<UInt16> = []
    var sending: Set<UInt16> = []
    var adopted: Set<UInt16> = []
    /// Ended elsewhere, not yet taken home.
    var returning: Set<UInt16> = []
    var receivedBytes = 0
    var starvations = 0

    /// Number 0 stands for nobody.
    var tags: [Tag] = [Tag(limit: .max, usesReserve: false)]
    private var endedTags: [Int] = []
    var line: [(token: UInt64, tag: Int)] = []
    var reserve = 0
    var marks: Watermarks?
    private var isLow = false
    private var fewest = 0

    init(capacity: Int, bufferSize: Int, consumption: Consumption) {
        self.capacity = capacity
        self.bufferSize = bufferSize
        isIncremental = consumption.isIncremental
        minimumLeft = consumption.minimumLeft
    }

    // MARK: Buffers

    var out: Set<UInt16> { Set(pieces.keys).subtracting(published).union(returning) }
    /// Published or spare.
    var free: Int { capacity - out.count }
    var partial: Int { published.count { told[$0] != nil } }
    func isFree(_ bid: UInt16) -> Bool { pieces[bid] == nil && !returning.contains(bid) && !published.contains(bid) }
    /// Whether one handle has it for itself.
    func isLent(_ bid: UInt16) -> Bool { pieces[bid] == 1 && !published.contains(bid) && !divided.contains(bid) }

    /// Available, partial, lent, sending, cached, retired.
    var states: [Int] {
        [
            published.count - partial, partial, out.count - sending.count - returning.count, sending.count,
            free - published.count + returning.count, 0,
        ]
    }

    /// Who is out, and where.
    var missing: [UInt16: BufferState] {
        var found: [UInt16: BufferState] = [:]
        for bid in published where pieces[bid] != nil { found[bid] = .partial }
        for bid in out.subtracting(returning) {
            found[bid] =
                sending.contains(bid)
                ? .sending : divided.contains(bid) ? .divided : adopted.contains(bid) ? .adopted : .lent
        }
        return found
    }

    /// What was taken. The most that are out at once counts, even for a moment.
    mutating func take(_ completion: PlayedCompletion) {
        // A kernel that skipped a rest tells of it by naming another buffer.
        if let first = completion.pieces.first?.bid ?? completion.emptyHanded { skip(before: first) }
        for piece in completion.pieces {
            pieces[piece.bid, default: 0] += 1
            receivedBytes += piece.length
            if isIncremental { told[piece.bid, default: 0] += piece.length }
            if completion.finished.contains(piece.bid) { finish(piece.bid, isSkipped: false) }
            noteDip()
        }
        if let bid = completion.emptyHanded, completion.finished.contains(bid) {
            finish(bid, isSkipped: true)
            noteDip(pieces[bid] == nil ? 1 : 0)
        }
    }

    private mutating func skip(before bid: UInt16) {
        guard minimumLeft > 0, let first = published.first, first != bid, let told = told[first],
            bufferSize - told < minimumLeft
        else { return }
        finish(first, isSkipped: true)
        noteDip(pieces[first] == nil ? 1 : 0)
    }

    /// The kernel is done with a buffer.
    private mutating func finish(_ bid: UInt16, isSkipped: Bool) {
        published.removeAll { $0 == bid }
        told[bid] = nil
        let isShared = isSkipped ? pieces[bid] != nil : pieces[bid] != 1
        if isShared { divided.insert(bid) }
    }

    mutating func end(_ piece: Piece, elsewhere: Bool) {
        let left = pieces[piece.bid, default: 0] - 1
        precondition(left >= 0, "the model lost count of \(piece)")
        pieces[piece.bid] = left == 0 ? nil : left
        guard left == 0, !published.contains(piece.bid) else { return }
        divided.remove(piece.bid)
        if elsewhere { returning.insert(piece.bid) }
    }

    // MARK: Pressure

    private mutating func noteDip(_ more: Int = 0) { fewest = min(fewest, free - more) }

    /// Before the first step, and whenever the count begins anew.
    mutating func forgetDips() { fewest = free }

    /// The edge that a refill tells.
    mutating func edge() -> PressureEdge? {
        defer { forgetDips() }
        guard let marks else { return nil }
        if !isLow, fewest <= marks.low {
            isLow = true
            return .low
        }
        guard isLow, free >= marks.high else { return nil }
        isLow = false
        return .high
    }

    mutating func set(_ marks: Watermarks?) {
        self.marks = marks
        isLow = false
        forgetDips()
    }

    /// Who goes on when `most` buffers are published: the first that may, in order, each with a buffer promised to it.
    /// Who may not keeps its place.
    mutating func rearm(most: Int) -> [UInt64] {
        var gone: [(token: UInt64, tag: Int)] = []
        var left: [(token: UInt64, tag: Int)] = []
        for next in line {
            let own = gone.count { $0.tag == next.tag }
            let mayGo = gone.count < most && allowance(next.tag, promised: gone.count, own: own) > 0
            if mayGo { gone.append(next) } else { left.append(next) }
        }
        line = left
        return gone.map(\.token)
    }

    func allowance(_ tag: Int, promised: Int = 0, own: Int = 0) -> Int {
        let left = free - promised
        guard tag != 0 else { return max(0, left - reserve) }
        return max(0, min(tags[tag].limit - tags[tag].held - own, left - (tags[tag].usesReserve ? 0 : reserve)))
    }

    // MARK: Tags

    /// The number that the next tag gets.
    mutating func makeTag(limit: Int, usesReserve: Bool) -> Int {
        let made = Tag(limit: limit, usesReserve: usesReserve)
        if let position = endedTags.firstIndex(where: { tags[$0].held == 0 }) {
            let number = endedTags.remove(at: position)
            tags[number] = made
            return number
        }
        tags.append(made)
        return tags.count - 1
    }

    mutating func endTag(_ tag: Int) {
        tags[tag].isEnded = true
        endedTags.append(tag)
        line.removeAll { $0.tag == tag }
    }

    mutating func move(_ count: Int, from old: Int, to new: Int) {
        tags[old].held -= old == 0 ? 0 : count
        tags[new].held += new == 0 ? 0 : count
    }

    var liveTags: [Int] { tags.indices.filter { !tags[$0].isEnded } }
    var holders: [Int: Int] {
        Dictionary(uniqueKeysWithValues: tags.indices.filter { tags[$0].held != 0 }.map { ($0, tags[$0].held) })
    }
}
