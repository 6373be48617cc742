// All connections of a server, and what each completion means to them.

import Synchronization
import UringBuffers
import UringQueue

struct Relay: ~Copyable {
    enum Phase { case serving, draining, breakingOff }

    let service: RelayService
    var listeners: [ListenerState]
    var connections = SlotTable<Connection>()
    var counters = RelayCounters()
    var holders: RelayHolders
    private(set) var phase = Phase.serving
    /// Flows that found the pool empty, oldest first.
    private var starved: [(slot: Int, side: Side)] = []
    var drainDeadline: ContinuousClock.Instant?

    init(service: RelayService, listeners: [Int32], isWatched: Bool) {
        self.service = service
        holders = RelayHolders(isOn: isWatched)
        self.listeners = listeners.map { ListenerState(descriptor: $0) }
    }

    /// Whether a server that was asked to end has nothing left to do.
    var isDone: Bool { phase != .serving && connections.count == 0 && listeners.allSatisfy { !$0.isArmed } }

    // MARK: Completions

    mutating func handle(_ completion: Completion, _ io: borrowing RelayIO) {
        let tag = RelayTag(rawValue: completion.tag)
        switch tag.kind {
        case .receive:
            if connections[tag.slot][tag.side].received(completion, io) { starved.append((tag.slot, tag.side)) }
            // The common case: data came, more will come, and nothing has ended.
            if !completion.isFinal { return }
        case .sinkReady: connections[tag.slot][tag.side].sinkIsReady(io)
        case .hangUp: connections[tag.slot].hungUp(tag.side, completion)
        case .unwatch: connections[tag.slot][tag.side].unwatched()
        case .send:
            counters.bytesSent += connections[tag.slot][tag.side].sent(completion, buffers: tag.buffers, io)
        case .shutdown: connections[tag.slot][tag.side].shutDown()
        case .cancel: connections[tag.slot][tag.side].cancelled(completion, io)
        case .cancelAll: connections[tag.slot].cancelled()
        case .connect: return connectEnded(completion, slot: tag.slot, io)
        case .accept: return accepted(completion, listener: tag.slot, io)
        case .acceptAgain: return acceptAgain(listener: tag.slot, io)
        case .signal, .close, .planted: return
        }
        settle(tag.slot, io)
    }

    /// Breaks a failed connection off, and ends one that is over.
    mutating func settle(_ slot: Int, _ io: borrowing RelayIO) {
        if connections[slot].wantsToBreakOff { connections[slot].breakOff(slot: slot, io) }
        connections[slot].dropUndelivered(io)
        if connections[slot].isOver { end(slot, io) }
    }

    mutating func end(_ slot: Int, _ io: borrowing RelayIO) {
        starved.removeAll { $0.slot == slot }
        connections[slot].closeDescriptors(io)
        _ = connections.remove(slot)
        countFlows(io)
        for position in listeners.indices where listeners[position].isPaused { arm(listener: position, io) }
    }

    /// Whether flows wait for buffers that are there: they are let go a few at a time, and a flow that is let go may
    /// have nothing to receive.
    func hasMoreToDo(_ io: borrowing RelayIO) -> Bool { !starved.isEmpty && io.group.available > 0 }

    /// After each batch: publishes what came back, and lets flows that starved go on, oldest first, as many as there
    /// are buffers for.
    mutating func afterBatch(_ io: borrowing RelayIO) {
        io.group.refill()
        guard !starved.isEmpty, io.group.available > 0 else { return }
        let waiting = starved.prefix(io.group.available)
        starved.removeFirst(waiting.count)
        for (slot, side) in waiting { connections[slot][side].arm(io) }
    }

    func countFlows(_ io: borrowing RelayIO) {
        io.flows.store(connections.count * service.flowsPerConnection, ordering: .relaxed)
    }

    // MARK: Ending

    /// Takes no more connections and nothing more from clients; what is here is still sent.
    mutating func drain(_ io: borrowing RelayIO) {
        guard phase == .serving else { return }
        phase = .draining
        drainDeadline = .now + .seconds(5)
        for position in listeners.indices { disarm(listener: position, io) }
        for slot in connections.usedSlots {
            connections[slot].drain(io)
            settleOrBreakOffUnconnected(slot, io)
        }
    }

    /// Ends everything at once.
    mutating func breakOff(_ io: borrowing RelayIO) {
        guard phase != .breakingOff else { return }
        if phase == .serving { drain(io) }
        phase = .breakingOff
        for slot in connections.usedSlots {
            connections[slot].breakOff(slot: slot, io)
            settle(slot, io)
        }
    }

    private mutating func settleOrBreakOffUnconnected(_ slot: Int, _ io: borrowing RelayIO) {
        if connections[slot].isConnecting { connections[slot].breakOff(slot: slot, io) }
        settle(slot, io)
    }
}

/// What the relay counts beyond the books of its pool.
struct RelayCounters {
    var connections = 0
    var peakConnections = 0
    /// Clients that no upstream could be found for.
    var refused = 0
    var bytesSent = 0
}
