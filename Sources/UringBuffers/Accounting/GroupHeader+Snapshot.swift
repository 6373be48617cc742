// Reading a group's books on any thread, without disturbing the owner.

internal import CUring
internal import RingArithmetic
internal import Synchronization

/// What a snapshot has beyond what can be read without a system call and without a look at each buffer.
public struct SnapshotParts: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// ``GroupSnapshot/residentBytes``: about 10 µs for each 64 MiB (`mincore`).
    public static let residency = SnapshotParts(rawValue: 1 << 0)
    /// ``GroupSnapshot/unreaped``, of groups that the calling thread owns: one system call each.
    public static let kernelHead = SnapshotParts(rawValue: 1 << 1)
    /// ``GroupSnapshot/buffers``. O(capacity).
    public static let buffers = SnapshotParts(rawValue: 1 << 2)
    /// ``GroupSnapshot/oldestHeld``. O(capacity).
    public static let oldestHeld = SnapshotParts(rawValue: 1 << 3)
    /// ``PoolSnapshot/memlock``: reads /proc, 0.1 ms.
    public static let memlock = SnapshotParts(rawValue: 1 << 4)
}

extension GroupHeader {
    /// Attempts to read numbers that belong together. The owner publishes about once in a hundred nanoseconds at the very
    /// most, and the reading takes about as long.
    static let readAttempts = 64

    /// The books as the calling thread sees them. Any thread that keeps the header alive.
    func snapshot(named name: String, including parts: SnapshotParts) -> GroupSnapshot {
        let reading = readConsistently()
        var edges = reading.edges
        edges.starvations = counters.starvations.read()
        edges.avoidableStarvations = counters.avoidableStarvations.read()
        let starving = counters.starvedSince.read()
        edges.starvedNanoseconds =
            counters.starvedNanoseconds.read() + (starving > 0 ? Swift.max(0, MonotonicClock.now - starving) : 0)
        edges.zeroCopyNotifications = shared.zeroCopyNotifications.load(ordering: .acquiring)
        edges.copiedSends = shared.copiedSends.load(ordering: .relaxed)
        edges.zeroCopySends = shared.zeroCopySends.load(ordering: .relaxed)
        edges.trimmedBytes = counters.trimmedBytes.read()
        edges.leaked = shared.leaked.load(ordering: .relaxed)
        edges.auditFailures = counters.auditFailures.read()
        var snapshot = GroupSnapshot(
            name: name, id: ring.id, serial: ledger.serial, madeNanoseconds: Int64(ledger.made),
            isConsistent: reading.isConsistent, isClosed: isClosed, mode: mode, capacity: capacity,
            bufferSize: Int(bufferSize), edges: edges, window: window.size, peakLent: reading.peakLent,
            availableLowWater: Swift.min(counters.lowWater.read(), reading.selectable),
            availableAtPublish: availableAtPublish.read(), waiting: counters.waiting.read(),
            reservedBytes: slab.byteCount, committedBytes: committedBytes, metadataBytes: metadataBytes,
            tags: tags.snapshots)
        if reading.isConsistent { snapshot.violations = violations(of: snapshot.states) }
        if isTimed {
            snapshot.holdTime = unsafe details?.pointee.holdTime.read()
            snapshot.zeroCopyInFlight = unsafe details?.pointee.zeroCopyInFlight.read()
            snapshot.deliveredBytes = unsafe details?.pointee.deliveredBytes.read(
                sum: isIncremental ? nil : edges.receivedBytes)
        }
        if parts.contains(.residency) { snapshot.residentBytes = slab.residentBytes }
        if parts.contains(.kernelHead), isOwnedByThisThread, !isClosed { snapshot.unreaped = unreaped }
        if parts.contains(.oldestHeld) { snapshot.oldestHeld = oldestHeld }
        if parts.contains(.buffers) { snapshot.buffers = (0..<UInt16(capacity)).map { describe($0) } }
        return snapshot
    }

    private struct Reading {
        var edges = GroupSnapshot.Edges()
        var selectable = 0
        var peakLent = 0
        var isConsistent = false
    }

    private func readConsistently() -> Reading {
        var reading = Reading()
        for attempt in 1...GroupHeader.readAttempts {
            let begun = sequence.read()
            let unleased = read(into: &reading)
            let isStill = begun.map { sequence.isStill($0) } ?? false
            guard isStill, shared.unleased.load(ordering: .relaxed) == unleased else { continue }
            // Stores of the owner can arrive out of order on some processors. Numbers that stay wrong are wrong.
            reading.isConsistent = true
            if attempt == GroupHeader.readAttempts || violations(of: reading.edges.states(capacity: capacity)).isEmpty {
                break
            }
        }
        reading.edges.unusedBytes = ledger.growing(unusedBytes: reading.edges.unusedBytes)
        reading.peakLent = ledger.growing(peakLent: Swift.max(reading.peakLent, peakSoFarWord.read()))
        return reading
    }

    /// Reads what belongs together, the ends of buffers before their beginnings: what is selected, lent or given back
    /// meanwhile then never seems to come home before it went. Returns how many came back from sends.
    private func read(into reading: inout Reading) -> Int {
        var edges = GroupSnapshot.Edges()
        let peakMark = peakMarkWord.read()
        let waiting = returns.home(outAtClose: counters.outAtDrop.read())
        let spares = spares.topWord.read() &- self.spares.bottomWord.read()
        let drained = counters.returned.read()
        edges.unleased = shared.unleased.load(ordering: .acquiring)
        edges.leased = shared.leased.load(ordering: .acquiring)
        edges.partialsFinished = counters.partialsFinished.read()
        edges.partialsBegun = counters.partialsBegun.read()
        edges.publishes = counters.publishes.read()
        edges.published = counters.published.read()
        let selectable = ring.selectableWord.read()
        // All that were published, but for those that can still be selected.
        edges.selected = edges.published &- selectable
        edges.returned = drained &+ waiting
        // All that ever became spare, but for those that started so and those that other threads gave back.
        edges.recycled = edges.published &+ spares &- capacity &- drained
        edges.receivedBytes = counters.receivedBytes.read()
        edges.unusedBytes =
            isIncremental ? counters.unusedBytes.read() : edges.selected &* Int(bufferSize) &- edges.receivedBytes
        reading = Reading(edges: edges, selectable: selectable, peakLent: capacity &- peakMark &- spares)
        return edges.unleased
    }

    /// Levels that cannot be.
    func violations(of states: GroupSnapshot.States) -> [String] {
        guard
            Swift.min(
                states.available, states.partial, states.lent,
                Swift.min(states.sending, states.cached, states.retired)) < 0
        else { return [] }
        return states.all.filter { $0.count < 0 }.map { "the counters say that \($0.count) buffers are \($0.name)" }
    }

    private var mode: GroupSnapshot.Mode {
        GroupSnapshot.Mode(
            consumption: isIncremental ? .incremental : .whole, refill: window.isAdaptive ? .adaptive : .everything,
            backing: slab.source.word, level: level)
    }

    private var metadataBytes: Int {
        let each =
            Int(CURING_ENTRY_BYTES) + MemoryLayout<BufferRecord>.stride + 3 * MemoryLayout<UInt16>.stride
            + (isIncremental ? MemoryLayout<SegmentRecord>.stride : 0)
        return MemoryLayout<GroupHeader>.stride + capacity * each + availableAtPublish.byteCount
            + (unsafe details?.pointee.byteCount ?? 0)
    }

    private var oldestHeld: GroupSnapshot.HeldBuffer? {
        guard isTimed else { return nil }
        var oldest: (bid: UInt16, since: Int)?
        for bid in 0..<UInt16(truncatingIfNeeded: capacity) where unsafe records[Int(bid)].currentState.isOut {
            let since = unsafe details!.pointee.time(of: bid)
            if oldest.map({ since < $0.since }) ?? true { oldest = (bid, since) }
        }
        return oldest.map { oldest in
            GroupSnapshot.HeldBuffer(
                id: BufferID(oldest.bid), tag: unsafe details!.pointee.tag(of: oldest.bid),
                sinceNanoseconds: Int64(oldest.since))
        }
    }

    /// What is known of one buffer. Any thread.
    func describe(_ bid: UInt16) -> BufferSnapshot {
        var snapshot = BufferSnapshot(id: BufferID(bid), state: unsafe records[Int(bid)].currentState)
        guard isTimed else { return snapshot }
        if snapshot.state.isOut {
            snapshot.sinceNanoseconds = Int64(unsafe details!.pointee.time(of: bid))
            snapshot.tag = unsafe details!.pointee.tag(of: bid)
        }
        snapshot.bytes = unsafe details!.pointee.bytes(of: bid)
        snapshot.history = unsafe details!.pointee.history(of: bid)
        snapshot.lastTouch = unsafe details!.pointee.lastTouch(of: bid)
        return snapshot
    }
}

extension BufferState {
    /// Whether the application has it, or a part of it.
    var isOut: Bool {
        switch self {
        case .lent, .adopted, .sending, .divided, .partial: true
        case .spare, .available, .returning: false
        }
    }
}

extension PageSource {
    /// For views.
    var word: String {
        switch self {
        case .anonymousMap: "anonymous"
        case .alignedHeap: "heap"
        case .memoryFile: "memory file"
        case .hugePages: "huge pages"
        }
    }
}
