// One client of the demo: sends messages of mixed sizes, checks what comes back, and leaves in one of several ways.

import Glibc
import UringQueue

struct DemoConnection {
    /// How a connection ends when its messages are through.
    private enum Farewell {
        /// Says that it sent everything, reads the rest, and expects the end.
        case halfClose
        /// Leaves in the middle of a message, bytes still on their way.
        case vanish
    }

    enum Progress {
        case going
        /// Ended as planned; the bytes are the ones that were not waited for.
        case ended(abandoned: Int)
        case failed(String)
    }

    let descriptor: Int32
    private let stream: VerifiedStream
    private let farewell: Farewell
    private var total: Int
    private var sent = 0
    private(set) var received = 0
    private var saidGoodbye = false
    private var messageEnd: Int
    private var random: DemoRandom

    init(to address: SocketAddress, random: inout DemoRandom) throws {
        stream = VerifiedStream(seed: random.next())
        farewell = random.next() % 4 == 0 ? .vanish : .halfClose
        // Log-uniform: as many short lives as long ones.
        total = 1 << Int(random.next() % 22) + Int(random.next() % 1000)
        self.random = DemoRandom(seed: random.next())
        descriptor = try Socket.make(for: address)
        // From one of several hosts, so that holders have names. Where that is not possible, all are one host.
        if let host = try? SocketAddress.resolve(host: "127.0.0.\(2 + random.next() % 6)", port: 0) {
            _ = Socket.bind(descriptor, to: host[0])
        }
        messageEnd = 0
        messageEnd = nextMessageEnd()
        guard Socket.connect(descriptor, to: address) else {
            _ = close(descriptor)
            throw ToolFailure("the demo's own proxy refuses connections")
        }
    }

    /// What to wait for with `poll`.
    var interest: Int16 {
        Int16(POLLIN) | (sent < messageEnd ? Int16(POLLOUT) : 0)
    }

    /// The end of the demo: say goodbye after the message at hand.
    mutating func finishSoon() { total = min(total, messageEnd) }

    private mutating func nextMessageEnd() -> Int {
        min(total, sent + 1 << Int(random.next() % 17) + Int(random.next() % 64))
    }

    /// Sends and receives what can be without waiting. `room` is scratch memory.
    mutating func advance(_ events: Int16, room: UnsafeMutableRawBufferPointer) -> Progress {
        if events & Int16(POLLOUT) != 0, sent < messageEnd, !saidGoodbye {
            let count = min(room.count, messageEnd - sent)
            unsafe stream.fill(UnsafeMutableRawBufferPointer(rebasing: room[..<count]), from: sent)
            // Safe: the room is ours through the call.
            let result = unsafe Glibc.send(descriptor, room.baseAddress, count, Int32(MSG_NOSIGNAL))
            if result < 0, errno != EAGAIN, errno != EINTR { return .failed("a send failed: errno \(errno)") }
            sent += max(0, result)
        }
        if events & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
            let result = unsafe Glibc.recv(descriptor, room.baseAddress, room.count, 0)
            if result < 0, errno != EAGAIN, errno != EINTR { return .failed("a receive failed: errno \(errno)") }
            if result == 0 {
                guard saidGoodbye, received == total else {
                    return .failed("the stream ended after \(received) of \(saidGoodbye ? total : sent) bytes")
                }
                return .ended(abandoned: 0)
            }
            if result > 0 {
                let bytes = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(room)[..<result])
                guard unsafe stream.matches(bytes, at: received) else {
                    return .failed("wrong bytes arrived between \(received) and \(received + result)")
                }
                received += result
            }
        }
        return moveOn()
    }

    /// After a message: the next one, or the farewell.
    private mutating func moveOn() -> Progress {
        guard sent == messageEnd, !saidGoodbye else { return .going }
        if sent < total {
            // Pipelines up to the echo of the last message.
            messageEnd = nextMessageEnd()
            return .going
        }
        switch farewell {
        case .vanish: return .ended(abandoned: sent - received)
        case .halfClose:
            saidGoodbye = true
            _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
            return .going
        }
    }
}

/// SplitMix64.
struct DemoRandom {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
