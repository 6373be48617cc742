// What a running server is doing.

import UringBuffers
import UringQueue

struct RelayStatus: Sendable {
    var connections: Int
    var bytesSent: Int
    var books: GroupSnapshot
    /// Bytes of the pool's memory that are resident.
    var poolResidentBytes: Int
}

extension Relay {
    func status(_ io: borrowing RelayIO) -> RelayStatus {
        RelayStatus(
            connections: connections.count, bytesSent: counters.bytesSent, books: io.group.books(),
            poolResidentBytes: io.group.residentBytes)
    }
}

/// Says when the next status is due, without asking the clock more than once a batch.
struct StatusClock {
    static let period = Duration.milliseconds(250)
    private var next = ContinuousClock.now

    mutating func isDue() -> Bool {
        let now = ContinuousClock.now
        guard now >= next else { return false }
        next = now + StatusClock.period
        return true
    }
}
