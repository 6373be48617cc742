// Faults on purpose, so that tests and curious people see what the books make of them.

import Glibc
import UringBuffers
import UringQueue

/// A fault beside the connections: no stream loses a byte by it.
struct PlantedFault: ~Copyable {
    private var kept: ProvidedBuffer?

    init(_ plant: Plant?, _ io: borrowing RelayIO) throws {
        switch plant {
        case .leak:
            var ends: [Int32] = [-1, -1]
            // Safe: the call writes two descriptors. They stay open, as a forgotten connection does.
            guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
                throw ToolFailure("cannot plant a leak: errno \(errno)")
            }
            let message = Array("kept for ever".utf8)
            // Safe: the bytes live through the call.
            _ = unsafe write(ends[1], message, message.count)
            io.queue.receive(from: ends[0], into: io.group, tag: RelayTag(.planted).rawValue)
        case .doubleCount: io.group.plant(.selected)
        case nil: break
        }
    }

    /// The receive of the leak ended.
    mutating func keep(_ completion: Completion, _ io: borrowing RelayIO) {
        guard case .buffer(var buffer) = io.group.take(completion) else { return }
        if let tag = io.group.makeTag(named: "planted leak") { buffer.charge(to: tag) }
        kept = consume buffer
    }
}
