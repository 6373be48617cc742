// Receives that found no buffer, waiting in line for the next refill.

/// A bounded queue of what to arm again, first come first served.
struct RearmQueue {
    struct Waiting {
        let token: UInt64
        let tag: OwnerTag
    }

    /// The most that may wait: each stands for a request that ended, so this bounds connections, not messages.
    static let limit = 1 << 20

    private var line: [Waiting] = []
    private var head = 0

    var isEmpty: Bool { head == line.count }
    var count: Int { line.count - head }

    /// Returns false when the queue is full.
    mutating func append(_ waiting: Waiting) -> Bool {
        guard count < RearmQueue.limit else { return false }
        line.append(waiting)
        return true
    }

    /// Takes up to `most` tokens that `mayGo` lets go, in order. The others keep their places. O(those in front of the
    /// last one that goes), O(waiting) when fewer than `most` may go.
    mutating func take(_ most: Int, where mayGo: (Waiting) -> Bool) -> [UInt64] {
        var tokens: [UInt64] = []
        var kept = 0
        var position = head
        while position < line.count, tokens.count < most {
            let waiting = line[position]
            if mayGo(waiting) {
                tokens.append(waiting.token)
            } else {
                line[head + kept] = waiting
                kept += 1
            }
            position += 1
        }
        // Those that were kept back move up to those that were not looked at.
        for place in (0..<kept).reversed() { line[position - kept + place] = line[head + place] }
        head = position - kept
        if head > 64, head >= line.count / 2 {
            line.removeFirst(head)
            head = 0
        }
        return tokens
    }

    /// Takes every place away that `isMeant` says. O(waiting).
    mutating func removeAll(where isMeant: (Waiting) -> Bool) {
        line.removeFirst(head)
        head = 0
        line.removeAll(where: isMeant)
    }
}
