// One phase of the churn: a pool, its connections, and what is done to them until enough was received.

import Glibc
import KernelSupport
import TestSupport
import UringBuffers
import UringQueue

final class ChurnPhase {
    /// Tags of connections are their indices; these say how cancellations went.
    static let cancelTag: UInt64 = 1 << 32
    static let cancelAllTag: UInt64 = 1 << 33
    static let silentTag: UInt64 = 1 << 34

    let shape: ChurnShape
    let queue: UringQueue
    let group: BufferGroup
    let returner: Returner
    let sinks = ChurnSinks()
    var connections: [ChurnConnection] = []
    var random: SplitMix64
    var kept: [Kept] = []
    var tally = ChurnTally()
    var wrong: [String] = []
    private var lastEdge: PressureEdge? = .high

    init(_ shape: ChurnShape, _ returner: Returner, seed: UInt64) throws {
        self.shape = shape
        self.returner = returner
        random = SplitMix64(seed: seed)
        queue = try UringQueue()
        group = try BufferGroup(
            ring: queue.descriptor, id: BufferGroupID(UInt16(random.below(2048))), capacity: shape.capacity,
            bufferSize: shape.bufferSize, consumption: shape.mode.consumption(bufferSize: shape.bufferSize),
            refill: shape.policy, ringMemory: random.oneIn(2) ? .application : .kernel)
        if shape.capacity >= 4 {
            group.watermarks = Watermarks(low: shape.capacity / 4, high: shape.capacity / 2)
        }
        for index in 0..<shape.connections {
            let owner = shape.tags ? group.makeTag(limit: max(2, shape.capacity / 2))! : .none
            connections.append(
                ChurnConnection(index: index, kind: shape.socket, seed: random.next(), owner: owner))
        }
    }

    /// Plays until `receives` were counted, ends everything, and returns what is wrong.
    func run(receives: Int) throws -> [String] {
        var (loops, standstill) = (0, 0)
        while tally.receives < receives, wrong.isEmpty {
            let before = tally.receives
            for connection in connections where random.oneIn(2) { try act(on: connection) }
            tally.cancelledSends += sinks.step(queue, &random)
            // Something completes for sure, and deferred work is run.
            queue.nop(tag: ChurnPhase.silentTag)
            try queue.wait(for: 1)
            try deliver()
            letGo()
            refill()
            loops += 1
            standstill = tally.receives == before ? standstill + 1 : 0
            // Sends may hold every buffer and wait for the network's own timers.
            if standstill % 20_000 == 19_999 { sinks.endAll(queue) }
            if standstill > 1_000_000 { wrong.append("it stands still: \(state)") }
            if loops % 64 == 0 { wrong += group.books().violations }
        }
        try finish()
        return wrong
    }

    /// For a failure's message.
    private var state: String {
        let all = connections.map { "\($0.isArmed) \($0.isCancelling) \($0.isWaiting) \($0.unread)" }
        return "\(kept.count) kept, \(group.starving) starving, sinks \(sinks.isBusy), \(all), \(group.books())"
    }

    // MARK: Acting

    private func act(on connection: ChurnConnection) throws {
        if connection.isWaiting {
            // Its connection may end while it waits.
            if random.oneIn(50) {
                group.forget(UInt64(connection.index))
                connection.isWaiting = false
            }
            return
        }
        let dataFirst = random.oneIn(2)
        if dataFirst { connection.write(shape.messageSize(&random)) }
        if !connection.isArmed { arm(connection) }
        if connection.isArmed, !connection.isCancelling, tally.cancelled * 10 <= tally.receives, random.oneIn(2) {
            try cancel(connection)
        }
        if !dataFirst { connection.write(shape.messageSize(&random)) }
        if random.oneIn(200) { connection.endWriting() }
    }

    private func arm(_ connection: ChurnConnection) {
        if connection.owner != .none, group.allowance(for: connection.owner) == 0 { return wait(connection) }
        var options: ReceiveOptions = shape.mode.bundles && !random.oneIn(8) ? .bundle : []
        if random.oneIn(2) { options.insert(.pollFirst) }
        let tag = UInt64(connection.index)
        if shape.multishot, !random.oneIn(16) {
            queue.receiveMultishot(from: connection.pair.reader, into: group, options: options, tag: tag)
        } else {
            queue.receive(from: connection.pair.reader, into: group, options: options, tag: tag)
        }
        connection.isArmed = true
    }

    func wait(_ connection: ChurnConnection) {
        guard group.rearmWhenRefilled(UInt64(connection.index), tag: connection.owner) else {
            return wrong.append("the line of starving receives is full")
        }
        connection.isWaiting = true
    }

    /// At a point that chance picks: in one go with the receive, while data is on its way, or before any comes.
    private func cancel(_ connection: ChurnConnection) throws {
        tally.cancelled += 1
        connection.isCancelling = true
        switch random.below(3) {
        case 0: break
        case 1:
            try queue.submit()
            connection.write(shape.messageSize(&random))
        default: try queue.submit()
        }
        pushCancellation(connection)
    }

    private func pushCancellation(_ connection: ChurnConnection) {
        let index = UInt64(connection.index)
        if random.oneIn(2) {
            queue.cancel(tag: index, tag: ChurnPhase.cancelTag | index)
        } else {
            queue.cancelAll(on: connection.pair.reader, tag: ChurnPhase.cancelAllTag | index)
        }
    }

    /// Ends some of what is kept: more when it is much, or when somebody starves.
    private func letGo() {
        let most = group.starving > 0 ? kept.count / 2 : min(64, max(1, shape.capacity / 2))
        while kept.count > most { end(kept.remove(at: random.below(kept.count))) }
        if let some = kept.last, random.oneIn(4) { some.dropSome(2 + random.below(3)) }
    }

    func end(_ some: Kept) {
        if !some.isIntact() { wrong.append("kept bytes were overwritten") }
        some.end()
    }

    func refill() {
        let outcome = group.refill()
        if let edge = outcome.edge {
            if edge == lastEdge { wrong.append("the edge \(edge) was told twice") }
            lastEdge = edge
        }
        for token in outcome.rearm {
            let connection = connections[Int(token)]
            if !connection.isWaiting { wrong.append("\(token) was named without waiting") }
            connection.isWaiting = false
            if !connection.isArmed { arm(connection) }
        }
    }

    // MARK: The end

    private func finish() throws {
        while sinks.isBusy || connections.contains(where: \.isArmed) {
            for connection in connections where connection.isArmed && !connection.isCancelling {
                connection.isCancelling = true
                pushCancellation(connection)
            }
            sinks.endAll(queue)
            try queue.wait(for: 1)
            try deliver()
        }
        for connection in connections where connection.isWaiting { group.forget(UInt64(connection.index)) }
        for some in kept { end(some) }
        kept = []
        let damaged = returner.flush()
        if damaged > 0 { wrong.append("bytes of \(damaged) buffers were overwritten before another thread saw them") }
        group.refill()
        audit()
        let report = try group.close()
        if !report.isEmpty { wrong.append("the close reports \(report)") }
    }

    /// Everything is home, and the kernel agrees.
    private func audit() {
        func require(_ holds: Bool, _ what: @autoclosure () -> String) { if !holds { wrong.append(what()) } }
        let (books, missing) = (group.books(), group.missing())
        let lent = group.lent
        tally.missing += missing.buffers.count
        require(lent == 0, "\(lent) buffers are out")
        require(missing.isEmpty && missing.holders.isEmpty, "missing: \(missing)")
        require(books.balanced, "\(books.violations)")
        require(books.unreaped == 0, "the kernel selected \(books.unreaped ?? -1) more than was taken")
        require(books.states.lent == 0 && books.states.sending == 0, "\(books.states)")
        if shape.mode.use == .whole {
            require(books.selected == books.recycled + books.returned, "\(books)")
        }
        let received = connections.reduce(0) { $0 + $1.received }
        require(books.receivedBytes == received, "\(books.receivedBytes) bytes in the books, \(received) came")
        require(group.starving == 0, "\(group.starving) wait although all were forgotten")
        for connection in connections where connection.owner != .none {
            require(group.held(by: connection.owner) == 0, "connection \(connection.index) is still charged")
        }
    }
}
