// One client and, in a proxy, its upstream.

import Glibc
import UringBuffers
import UringQueue

struct Connection: ~Copyable {
    let client: Int32
    /// -1 in an echo, and until the first attempt.
    private(set) var upstream: Int32 = -1
    /// How many upstream addresses were tried.
    private(set) var attempts = 0
    private var forward: Flow
    private var backward: Flow
    /// Connects and cancellations under way.
    private var requests = 0
    private(set) var isBrokenOff = false
    private var isClosed = false
    private var isEcho: Bool

    /// A connection that does nothing yet.
    init(client: Int32) {
        self.client = client
        forward = Flow(source: -1, sink: -1, slot: 0, side: .forward)
        backward = Flow(source: -1, sink: -1, slot: 0, side: .backward)
        isEcho = false
    }

    subscript(side: Side) -> Flow {
        _read {
            if side == .forward { yield forward } else { yield backward }
        }
        _modify {
            if side == .forward { yield &forward } else { yield &backward }
        }
    }

    /// Whether no direction was started yet.
    var isConnecting: Bool { forward.source < 0 }

    /// Whether both directions have ended, so that the descriptors can be closed.
    var isOver: Bool {
        guard requests == 0 else { return false }
        if isBrokenOff { return forward.requests == 0 && backward.requests == 0 }
        return forward.isOver && (isEcho || backward.isOver)
    }

    // MARK: Starting

    mutating func startEcho(slot: Int, holder: OwnerTag, _ io: borrowing RelayIO) {
        isEcho = true
        forward = Flow(source: client, sink: client, slot: slot, side: .forward, holder: holder)
        forward.arm(io)
    }

    /// Tries the next upstream address. Returns false when there is none left, or no descriptor.
    mutating func connect(slot: Int, to addresses: [SocketAddress], _ io: borrowing RelayIO) -> Bool {
        if upstream >= 0 {
            _ = close(upstream)
            upstream = -1
        }
        while attempts < addresses.count {
            let address = addresses[attempts]
            attempts += 1
            guard let made = try? Socket.make(for: address) else { continue }
            Socket.setNoDelay(made)
            Socket.setKeepAlive(made)
            upstream = made
            io.queue.connect(made, to: address, tag: RelayTag(.connect, slot: slot).rawValue)
            requests += 1
            return true
        }
        return false
    }

    /// The connect ended.
    mutating func connected() { requests -= 1 }

    /// `reader` and `server` are the holders of what is on its way to the client and to the upstream.
    mutating func startProxy(slot: Int, reader: OwnerTag, server: OwnerTag, _ io: borrowing RelayIO) {
        forward = Flow(source: client, sink: upstream, slot: slot, side: .forward, holder: server)
        backward = Flow(source: upstream, sink: client, slot: slot, side: .backward, holder: reader)
        forward.arm(io)
        backward.arm(io)
    }

    /// A source was hung up. That is a reset when the socket has an error, or when it is hung up in both directions
    /// although we did not end ours (the error may have gone to a send).
    mutating func hungUp(_ side: Side, _ completion: Completion) {
        // The flow that writes to this socket.
        let writer: Side = isEcho || side == .backward ? .forward : .backward
        let weEnded = self[writer].sinkEnded && !self[writer].sinkFailed
        let mask = completion.result > 0 ? completion.result : 0
        self[side].sourceHungUp(isReset: mask & POLLERR != 0 || (mask & POLLHUP != 0 && !weEnded))
    }

    // MARK: Ending

    /// Whether a source failed.
    var wantsToBreakOff: Bool { !isBrokenOff && (forward.hasFailed || (!isEcho && backward.hasFailed)) }

    /// Lets nothing more in; what is here is still sent.
    mutating func drain(_ io: borrowing RelayIO) {
        guard !isBrokenOff, !isConnecting else { return }
        forward.stopReceiving(io)
        if !isEcho { backward.stopReceiving(io) }
    }

    /// Ends at once, and tells the peers by a reset that it was not a clean end.
    mutating func breakOff(slot: Int, _ io: borrowing RelayIO) {
        guard !isBrokenOff else { return }
        isBrokenOff = true
        forward.breakOff(io)
        backward.breakOff(io)
        for descriptor in [client, upstream] where descriptor >= 0 {
            Socket.setResetOnClose(descriptor)
            io.queue.cancelAll(on: descriptor, tag: RelayTag(.cancelAll, slot: slot).rawValue)
            requests += 1
        }
    }

    /// Closes a connection that was broken off, once nothing but notifications is due: the kernel reads what it did
    /// not deliver until it drops it, and it drops that when the socket is closed.
    mutating func dropUndelivered(_ io: borrowing RelayIO) {
        guard isBrokenOff, requests == 0, forward.hasOnlyNotificationsDue, backward.hasOnlyNotificationsDue else {
            return
        }
        closeDescriptors(io)
    }

    /// The answer to a cancellation of everything on a descriptor.
    mutating func cancelled() { requests -= 1 }

    mutating func closeDescriptors(_ io: borrowing RelayIO) {
        guard !isClosed else { return }
        isClosed = true
        if forward.sinkFailed || backward.sinkFailed {
            // Whoever sent what could not be delivered is told.
            for descriptor in [client, upstream] where descriptor >= 0 { Socket.setResetOnClose(descriptor) }
        }
        let tag = RelayTag(.close).rawValue
        io.queue.close(client, tag: tag)
        if upstream >= 0 { io.queue.close(upstream, tag: tag) }
    }
}
