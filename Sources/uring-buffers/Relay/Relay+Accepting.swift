// New clients.

import Glibc
import UringBuffers
import UringQueue

struct ListenerState {
    let descriptor: Int32
    var isArmed = false
    /// No descriptors are left: accepting goes on when a connection has ended, or after a while.
    var isPaused = false
    /// A timer that ends the pause is running.
    var hasTimer = false

    init(descriptor: Int32) { self.descriptor = descriptor }
}

extension Relay {
    mutating func arm(listener: Int, _ io: borrowing RelayIO) {
        listeners[listener].isPaused = false
        guard phase == .serving, !listeners[listener].isArmed else { return }
        io.queue.acceptMultishot(
            on: listeners[listener].descriptor, tag: RelayTag(.accept, slot: listener).rawValue)
        listeners[listener].isArmed = true
    }

    mutating func disarm(listener: Int, _ io: borrowing RelayIO) {
        guard listeners[listener].isArmed else { return }
        io.queue.cancelAll(on: listeners[listener].descriptor, tag: RelayTag(.close).rawValue)
    }

    mutating func accepted(_ completion: Completion, listener: Int, _ io: borrowing RelayIO) {
        if completion.isFinal { listeners[listener].isArmed = false }
        if completion.result >= 0 {
            start(client: completion.result, io)
        } else if completion.result != -ECANCELED {
            // No descriptors are left (EMFILE, ENFILE), or something else that a moment may mend.
            return pause(listener: listener, io)
        }
        if completion.isFinal { arm(listener: listener, io) }
    }

    /// Trying again at once would only fail again, and keep a processor busy. There may be no connection whose end
    /// could help, and the descriptors that are missing may be other programs'.
    private mutating func pause(listener: Int, _ io: borrowing RelayIO) {
        listeners[listener].isPaused = true
        guard phase == .serving, !listeners[listener].hasTimer else { return }
        listeners[listener].hasTimer = true
        io.queue.timeout(after: .milliseconds(100), tag: RelayTag(.acceptAgain, slot: listener).rawValue)
    }

    mutating func acceptAgain(listener: Int, _ io: borrowing RelayIO) {
        listeners[listener].hasTimer = false
        if listeners[listener].isPaused { arm(listener: listener, io) }
    }

    private mutating func start(client: Int32, _ io: borrowing RelayIO) {
        Socket.setNoDelay(client)
        Socket.setKeepAlive(client)
        counters.connections += 1
        let slot = connections.insert(Connection(client: client))
        countFlows(io)
        counters.peakConnections = max(counters.peakConnections, connections.count)
        // A client that slipped in while the listener was being disarmed.
        guard phase == .serving else { return end(slot, io) }
        switch service {
        case .echo:
            let reader = holders.client(at: client, io.group)
            connections[slot].startEcho(slot: slot, holder: reader, io)
        case .proxy: connectNext(slot, io)
        }
    }

    // MARK: Upstream

    private mutating func connectNext(_ slot: Int, _ io: borrowing RelayIO) {
        guard case .proxy(let upstreams) = service else { return }
        if connections[slot].connect(slot: slot, to: upstreams, io) { return }
        counters.refused += 1
        end(slot, io)
    }

    mutating func connectEnded(_ completion: Completion, slot: Int, _ io: borrowing RelayIO) {
        connections[slot].connected()
        guard !connections[slot].isBrokenOff else { return settle(slot, io) }
        if completion.result == 0 {
            let reader = holders.client(at: connections[slot].client, io.group)
            let server = holders.upstream(at: connections[slot].upstream, io.group)
            connections[slot].startProxy(slot: slot, reader: reader, server: server, io)
        } else {
            connectNext(slot, io)
        }
    }
}
