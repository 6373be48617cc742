// One client of a crowd: a small state machine over a non-blocking socket.

import Glibc

struct CrowdClient {
    enum Step {
        case going
        case completed
        /// Left in the middle, as planned.
        case left
        /// The connection broke.
        case broken(String)
        /// Bytes that were never sent.
        case wrong(String)
    }

    let descriptor: Int32
    private let index: Int
    private let plan: CrowdPlan
    private var outgoing: PatternStream
    private var incoming: PatternStream
    private var random: SeededRandom
    private(set) var isConnected = false
    private var saidGoodbye = false
    private var verified = 0
    private let preamble: UInt8?

    init(index: Int, _ plan: CrowdPlan, to address: Address, seed: UInt64, preamble: UInt8?) throws {
        self.index = index
        self.plan = plan
        self.preamble = preamble
        outgoing = PatternStream(seed: seed)
        incoming = PatternStream(seed: seed)
        random = SeededRandom(seed: ~seed)
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { throw TestFailure("client \(index): no socket: errno \(errno)") }
        var one: Int32 = 1
        // Safe, in this file: the kernel reads or writes what lives through the call.
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let result = unsafe address.withSocketAddress { unsafe connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else {
            let number = errno
            _ = close(descriptor)
            throw TestFailure("client \(index): cannot connect to \(address): errno \(number)")
        }
    }

    /// Changes whenever something happened.
    var progressMark: Int { outgoing.position + incoming.position + (isConnected ? 1 : 0) + (saidGoodbye ? 1 : 0) }

    /// The bytes that were verified since the last call.
    mutating func takeVerified() -> Int {
        defer { verified = 0 }
        return verified
    }

    var description: String {
        let state =
            !isConnected ? "waits for the connection" : saidGoodbye ? "sent everything and waits for the rest" : "sends"
        return "client \(index) \(state): sent \(outgoing.position) of \(plan.bytes), received \(incoming.position)"
    }

    func interest(_ everybodyIsHere: Bool) -> Int16 {
        let maySend = !isConnected || (outgoing.position < sendingEnd && (everybodyIsHere || !plan.waitsForAll))
        return Int16(POLLIN) | (maySend ? Int16(POLLOUT) : 0)
    }

    private var sendingEnd: Int {
        switch plan.farewell {
        case .halfClose, .close: plan.bytes
        case .reset(let end), .vanish(let end): min(end, plan.bytes)
        }
    }

    mutating func advance(_ events: Int16, room: inout [UInt8], _ everybodyIsHere: Bool) -> Step {
        if !isConnected {
            var error: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
            guard error == 0 else { return .broken("the connection failed: errno \(error)") }
            guard events & Int16(POLLOUT) != 0 else { return .going }
            isConnected = true
            if var preamble { unsafe send(descriptor, &preamble, 1, Int32(MSG_NOSIGNAL)) }
            return finishIfSent()
        }
        if events & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
            let step = receive(&room)
            guard case .going = step else { return step }
        }
        if events & Int16(POLLOUT) != 0, outgoing.position < sendingEnd {
            let count = min(random.size(bits: plan.messageBits), sendingEnd - outgoing.position)
            let flags = Int32(MSG_NOSIGNAL)
            let result = unsafe outgoing.withNext(count) { unsafe send(descriptor, $0.baseAddress, $0.count, flags) }
            if result < 0, errno != EAGAIN, errno != EINTR { return .broken("a send failed: errno \(errno)") }
        }
        return finishIfSent()
    }

    private mutating func receive(_ room: inout [UInt8]) -> Step {
        let result = unsafe recv(descriptor, &room, room.count, 0)
        if result < 0, errno == EAGAIN || errno == EINTR { return .going }
        if result < 0 { return .broken("a receive failed: errno \(errno)") }
        if result == 0 {
            let whole = incoming.position == plan.bytes && saidGoodbye
            return whole ? .completed : .broken("the stream ended after \(incoming.position) bytes")
        }
        let before = incoming.position
        let mismatch = unsafe room.withUnsafeBytes { unsafe incoming.mismatch(.init(rebasing: $0[..<result])) }
        if let mismatch { return .wrong("wrong byte at \(before + mismatch) of the stream") }
        guard incoming.position <= outgoing.position else { return .wrong("more came back than was sent") }
        verified += result
        return .going
    }

    /// The farewell, once everything is sent.
    private mutating func finishIfSent() -> Step {
        guard outgoing.position >= sendingEnd else { return .going }
        switch plan.farewell {
        case .halfClose:
            if !saidGoodbye {
                saidGoodbye = true
                _ = shutdown(descriptor, Int32(SHUT_WR))
            }
            return .going
        case .close: return incoming.position == plan.bytes ? .completed : .going
        case .reset:
            TestSocket.setResetOnClose(descriptor)
            return .left
        case .vanish: return .left
        }
    }
}
