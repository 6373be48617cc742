// Reading the books: counters against a scan of the states, and against the kernel's own head.

internal import Synchronization

extension BufferGroup {
    /// The books now. Owner's thread; scans every state (about 1 µs per 4096 buffers) and asks the kernel for its head
    /// (one system call), so not for the hot path.
    public func books() -> PoolBooks {
        unsafe header.pointee.checkOwnerUnlessClosed()
        return unsafe header.pointee.books()
    }

    /// How many bytes of the buffers' memory are resident now (`mincore`). About 10 µs per 64 MiB.
    public var residentBytes: Int { unsafe header.pointee.slab.residentBytes }
}

extension GroupHeader {
    func checkOwnerUnlessClosed() {
        if !isClosed { checkOwner() }
    }

    func books() -> PoolBooks {
        let waiting = returns.waiting
        var books = PoolBooks(
            capacity: capacity, bufferSize: Int(bufferSize), states: scanStates(), selected: selected,
            recycled: recycled, returned: counters.returned + waiting, receivedBytes: counters.receivedBytes,
            published: counters.published, publishes: counters.publishes, starvations: counters.starvations,
            avoidableStarvations: counters.avoidableStarvations,
            trimmedBytes: counters.trimmedBytes,
            zeroCopySends: zeroCopySends.load(ordering: .relaxed), copiedSends: copiedSends.load(ordering: .relaxed),
            window: window.size,
            peakLent: Swift.max(peakLent, peakSoFar),
            unreaped: isClosed ? nil : unreaped, violations: [])
        books.violations = violations(of: books, waiting: waiting)
        return books
    }

    private func scanStates() -> PoolBooks.States {
        var states = PoolBooks.States()
        for bid in 0..<capacity {
            // A handle on another thread may change its own record meanwhile; either value is a state it had.
            switch unsafe records[bid].currentState {
            case .available: states.available += 1
            case .partial: states.partial += 1
            case .lent, .adopted, .divided: states.lent += 1
            case .sending: states.sending += 1
            case .spare, .returning: states.cached += 1
            }
        }
        return states
    }

    private func violations(of books: PoolBooks, waiting: Int) -> [String] {
        var found: [String] = []
        func require(_ holds: Bool, _ rule: String) { if !holds { found.append(rule) } }
        let states = books.states
        require(states.total == capacity, "states add up to \(states.total), not to the capacity \(capacity)")
        require(
            states.available + states.partial == ring.selectable,
            "\(states.available + states.partial) buffers are marked available, the ring counts \(ring.selectable)")
        require(
            spares.count + ring.selectable + out == capacity,
            "spare \(spares.count) + available \(ring.selectable) + out \(out) ≠ capacity \(capacity)")
        require(
            states.cached >= spares.count && states.cached <= spares.count + out,
            "\(states.cached) buffers are marked free, \(spares.count) are spare and \(waiting) wait")
        if let unreaped = books.unreaped {
            require(
                unreaped <= ring.selectable,
                "the kernel's head is \(unreaped) ahead of ours with only \(ring.selectable) available")
        }
        return found
    }
}
