// Broken rules: one sentence each, with the bid, the state it was in, and what to do.

extension GroupHeader {
    @usableFromInline @inline(never)
    func trapForeign(_ bid: UInt16) -> Never {
        fatalError(
            "group \(ring.id): bid \(bid) is not one of its \(capacity) buffers; "
                + "was a completion of another group taken?")
    }

    @usableFromInline @inline(never)
    func trapState(_ bid: UInt16, expected: BufferState) -> Never {
        // Safe: callers checked the bid.
        let found = unsafe records[Int(bid)].currentState
        fatalError("group \(ring.id), bid \(bid): expected \(expected), found \(found): \(found.advice)")
    }

    @usableFromInline @inline(never)
    func trapWrongThread() -> Never {
        if isClosed { fatalError("group \(ring.id): it is closed; make a new one") }
        fatalError(
            "group \(ring.id): used on a thread that does not own it; call detach() on the old thread and attach() "
                + "on the new one to move it, and keep groups out of code that changes threads at await")
    }
}
