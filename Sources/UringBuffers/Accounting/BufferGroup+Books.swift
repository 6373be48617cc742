// The audit: what the counters say, what the states of all buffers say, and what the kernel says.

internal import RingArithmetic
internal import Synchronization

extension BufferGroup {
    /// The books now, audited. Owner's thread, or after ``close()``; looks at every buffer (about 1 µs per 4096) and asks
    /// the kernel for its head (one system call), so not for the hot path. ``PoolMonitor`` reads them anywhere.
    ///
    /// The rules are checked in three ways that know nothing of each other: the counters lead to levels; the buffers'
    /// own states are counted; the ring's tail and the kernel's head tell what is published. What does not agree is in
    /// ``GroupSnapshot/violations``, also in what monitors read until the next audit, and counts as one of
    /// ``GroupSnapshot/Edges/auditFailures``. Nothing is corrected.
    public func books() -> GroupSnapshot {
        unsafe header.pointee.checkOwnerUnlessClosed()
        return unsafe header.pointee.audited()
    }

    /// Each rule of the books that does not hold now: the violations in ``books()``. Empty when they balance.
    public func audit() -> [String] { books().violations }

    /// How many bytes of the buffers' memory are resident now (`mincore`). About 10 µs per 64 MiB.
    public var residentBytes: Int { unsafe header.pointee.slab.residentBytes }

    /// A step that is counted once too often, for tests of the audit.
    package enum PlantedFault: CaseIterable, Sendable { case published, selected, partial, leased }

    /// Counts it `count` times; −1 makes it good again.
    package func plant(_ fault: PlantedFault, count: Int = 1) {
        switch fault {
        case .published: unsafe header.pointee.counters.published.add(count)
        case .selected: unsafe header.pointee.ring.selectable -= count
        case .partial: unsafe header.pointee.counters.partialsBegun.add(count)
        case .leased: unsafe _ = header.pointee.shared.leased.add(count, ordering: .relaxed)
        }
    }
}

extension GroupHeader {
    func checkOwnerUnlessClosed() {
        if !isClosed { checkOwner() }
    }

    func audited() -> GroupSnapshot {
        // Before the states: what other threads give back meanwhile then only adds to what is free.
        let waiting = returns.waiting
        var books = snapshot(named: "group \(ring.id)", including: .kernelHead)
        books.violations += violations(of: books, scan: scanStates(), waiting: waiting)
        ledger.note(findings: books.violations)
        if !books.violations.isEmpty {
            counters.auditFailures.add(1)
            books.edges.auditFailures = counters.auditFailures.value
        }
        return books
    }

    /// How many buffers are in each state, by their own records.
    private struct Scan {
        var counts = [Int](repeating: 0, count: BufferState.allCases.count)
        subscript(_ state: BufferState) -> Int { counts[Int(state.rawValue)] }
    }

    private func scanStates() -> Scan {
        var scan = Scan()
        for bid in 0..<capacity {
            // A handle on another thread may change its own record meanwhile; either value is a state it had.
            scan.counts[unsafe Int(records[bid].currentState.rawValue)] += 1
        }
        return scan
    }

    private func violations(of books: GroupSnapshot, scan: Scan, waiting: Int) -> [String] {
        var found: [String] = []
        func require(_ holds: Bool, _ rule: @autoclosure () -> String) { if !holds { found.append(rule()) } }
        let states = books.states
        require(
            scan[.available] == states.available && scan[.partial] == states.partial,
            "\(scan[.available]) buffers are marked available and \(scan[.partial]) partial, the counters say "
                + "\(states.available) and \(states.partial)")
        require(
            scan[.spare] == spares.count,
            "\(scan[.spare]) buffers are marked spare, \(spares.count) are in the spare pool")
        require(
            scan[.returning] >= waiting,
            "\(scan[.returning]) buffers are marked returning, \(waiting) wait on the return stack")
        // Other threads may lend and get back meanwhile: then there is nothing to compare.
        let isStill =
            shared.leased.load(ordering: .acquiring) == books.edges.leased
            && shared.unleased.load(ordering: .acquiring) == books.edges.unleased
        require(
            !isStill || scan[.sending] >= states.sending,
            "\(scan[.sending]) buffers are marked sending, the counters say \(states.sending)")
        require(
            books.edges.published & 0xffff == Int(ring.published.rawValue),
            "\(books.edges.published) buffers were published, the ring's tail is at \(ring.published)")
        if let unreaped = books.unreaped {
            require(
                unreaped <= ring.selectable,
                "the kernel's head is \(unreaped) ahead of ours with only \(ring.selectable) available")
        }
        return found
    }
}
