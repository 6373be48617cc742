// Many clients of an echo at once, on one thread; each checks every byte that comes back.

import Glibc

/// How a client of the crowd behaves.
struct CrowdPlan {
    enum Farewell {
        /// Sends everything, says so, and expects exactly that back and then the end.
        case halfClose
        /// Waits for everything to come back, then closes.
        case close
        /// Goes away in the middle: by a reset, or by closing with bytes unread.
        case reset(afterSending: Int)
        case vanish(afterSending: Int)
    }

    var bytes: Int
    var farewell = Farewell.halfClose
    /// The most bytes in one send; each is drawn from 1 to this, log-uniformly.
    var messageBits = 17
    /// Waits after connecting until the whole crowd is connected.
    var waitsForAll = false
}

/// What the crowd did.
struct CrowdResult {
    var completed = 0
    var left = 0
    /// Clients whose connection was refused, reset or ended early; only where failures are allowed.
    var failed = 0
    var bytesVerified = 0
}

struct Crowd {
    let address: Address
    let seed: UInt64
    /// How many are connected at a time.
    var atOnce: Int
    /// Whether a connection may break: when the test breaks things on purpose. Wrong bytes are never allowed.
    var allowsFailures = false
    /// No byte moved for so long: a stall.
    var stallSeconds = 30.0
    /// A byte that each client sends first and that does not come back.
    var preamble: UInt8?

    /// Runs all clients to their end. `eachRound` is called now and then, to do something meanwhile.
    func run(_ plans: [CrowdPlan], eachRound: (CrowdResult) throws -> Void = { _ in }) throws -> CrowdResult {
        TestLimits.raise()
        var random = SeededRandom(seed: seed)
        var waiting = Array(plans.enumerated().reversed())
        var clients: [CrowdClient] = []
        defer { for client in clients { _ = close(client.descriptor) } }
        var result = CrowdResult()
        var room = [UInt8](repeating: 0, count: 256 * 1024)
        var polled: [pollfd] = []
        var stall = Deadline(seconds: stallSeconds)
        while !(waiting.isEmpty && clients.isEmpty) {
            while clients.count < atOnce, let (index, plan) = waiting.popLast() {
                clients.append(
                    try CrowdClient(index: index, plan, to: address, seed: random.next(), preamble: preamble))
                polled.append(pollfd(fd: clients.last!.descriptor, events: 0, revents: 0))
            }
            let everybodyIsHere = clients.allSatisfy { $0.isConnected }
            for index in clients.indices { polled[index].events = clients[index].interest(everybodyIsHere) }
            // Safe: poll writes the results into the array.
            let ready = unsafe poll(&polled, nfds_t(polled.count), 100)
            if ready > 0 {
                for index in clients.indices.reversed() where polled[index].revents != 0 {
                    let before = clients[index].progressMark
                    let step = clients[index].advance(polled[index].revents, room: &room, everybodyIsHere)
                    if clients[index].progressMark != before { stall = Deadline(seconds: stallSeconds) }
                    result.bytesVerified += clients[index].takeVerified()
                    switch step {
                    case .going: continue
                    case .completed: result.completed += 1
                    case .left: result.left += 1
                    case .broken(let reason):
                        guard allowsFailures else {
                            throw TestFailure("\(clients[index].description): \(reason) (crowd seed \(seed))")
                        }
                        result.failed += 1
                    case .wrong(let reason):
                        throw TestFailure("\(clients[index].description): \(reason) (crowd seed \(seed))")
                    }
                    stall = Deadline(seconds: stallSeconds)
                    _ = close(clients[index].descriptor)
                    clients.swapAt(index, clients.count - 1)
                    polled.swapAt(index, clients.count - 1)
                    clients.removeLast()
                    polled.removeLast()
                }
            }
            try eachRound(result)
            guard !stall.hasPassed else {
                let stuck = clients.prefix(3).map(\.description).joined(separator: "; ")
                throw TestFailure(
                    "stall: for \(stallSeconds) s no byte moved for \(clients.count) clients (crowd seed \(seed)): \(stuck)"
                )
            }
        }
        return result
    }
}
