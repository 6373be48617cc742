// Clients that come again and again while a test looks at something else.

import Synchronization

/// Checked round trips through a server until it is ended.
final class Traffic {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let isOver = Flag()
    private let clients: Background<Int>

    init(to address: Address, seed: UInt64) {
        clients = Background { [isOver] in
            var (rounds, seed) = (0, seed)
            while !isOver.isSet.load(ordering: .relaxed) {
                _ = try Crowd(address: address, seed: seed, atOnce: 8).run(
                    (0..<32).map { _ in CrowdPlan(bytes: 50_000) })
                (rounds, seed) = (rounds + 1, seed + 1)
            }
            return rounds
        }
    }

    /// Stops it, and returns how many crowds there were. Throws when a byte was wrong.
    @discardableResult
    func end() throws -> Int {
        isOver.isSet.store(true, ordering: .relaxed)
        return try clients.wait()
    }
}
