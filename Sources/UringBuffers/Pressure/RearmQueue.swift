// Receives that found no buffer, waiting in line for the next refill.

/// A bounded queue of what to arm again, first come first served.
struct RearmQueue {
    struct Waiting {
        let token: UInt64
        let tag: OwnerTag
    }

    /// The most that may wait: each stands for a request that ended, so this bounds connections, not messages.
    static let limit = 1 << 20
    /// How many are looked at in one refill when their tags keep them back.
    static let mostLookedAt = 1024

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

    /// Takes up to `most` tokens that `mayGo` lets go, in order. The others keep their places among each other behind
    /// those that were not looked at.
    mutating func take(_ most: Int, where mayGo: (Waiting) -> Bool) -> [UInt64] {
        var tokens: [UInt64] = []
        var looked = Swift.min(count, RearmQueue.mostLookedAt)
        while looked > 0, tokens.count < most {
            looked -= 1
            let waiting = line[head]
            head += 1
            if mayGo(waiting) { tokens.append(waiting.token) } else { line.append(waiting) }
        }
        if head > 64, head >= line.count / 2 {
            line.removeFirst(head)
            head = 0
        }
        return tokens
    }

    /// Takes every place of `token` away.
    mutating func remove(_ token: UInt64) {
        line.removeFirst(head)
        head = 0
        line.removeAll { $0.token == token }
    }
}
