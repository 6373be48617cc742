// Cloning: the pages that one ring has pinned, in another ring's table as well.

import Glibc
internal import Synchronization

extension FixedBufferTable {
    /// Makes a table on `ring` with the slots of another ring's table (`IORING_REGISTER_CLONE_BUFFERS`, Linux 6.12; parts of a
    /// table 6.13). The pages are not pinned again: a thread with a ring of its own gets at the same memory in
    /// microseconds. Both tables hold the memory from then on; the other one may end first.
    ///
    /// - Parameters:
    ///   - ring: the descriptor of the ring that gets the table.
    ///   - source: the table to clone.
    ///   - part: which of its slots; they become 0..<part.count. All when `nil`.
    ///   - reports: as ``init(ring:slots:reports:)``, for registrations to come: cloned slots have no reports.
    /// - Throws: ``UringError`` with `EINVAL` when the kernel is too old, or the rings belong to different users or
    ///   processes; `EOVERFLOW` when the source lacks some of the slots, `ENXIO` when it is closed, `EBUSY` when the ring has
    ///   a table, `EEXIST` as ``init(ring:slots:reports:)``.
    /// - Complexity: O(slots).
    public init(
        ring: Int32, cloning source: borrowing FixedBufferTable, slots part: Range<Int>? = nil, reports: UInt64? = nil
    ) throws(UringError) {
        let range = part ?? 0..<source.slots
        try FixedBufferTable.check(range, of: source)
        let from = source.table
        try self.init(ring: ring, slots: range.count, reports: reports) { (descriptor, mine) throws(UringError) in
            // Safe from deadlock: nobody else knows the new table.
            try from.books.withLock { (books) throws(UringError) in
                if books.isClosed { throw UringError(.cloneFixedBuffers, errno: ENXIO) }
                try SystemCalls.cloneFixedSlots(
                    descriptor: descriptor, source: from.descriptor, from: range.lowerBound, to: 0,
                    count: part == nil ? 0 : range.count, replacing: false)
                mine.adopt(books.slots[range], at: 0)
            }
        }
    }

    /// Puts slots of another ring's table into this one. Linux 6.13.
    ///
    /// - Parameters:
    ///   - part: which slots of the source.
    ///   - source: a table of another ring.
    ///   - first: the slot here that the first of them goes to.
    ///   - replacing: whether slots here may be in use; what they held leaves them, also where the source's slot is empty.
    /// - Throws: ``UringError``, and nothing has changed: as ``init(ring:cloning:slots:reports:)``; `EINVAL` also when this
    ///   table lacks slots or is the source, `EBUSY` when one is in use, `ENXIO` when either table is closed.
    /// - Complexity: O(slots).
    public func clone(
        _ part: Range<Int>, of source: borrowing FixedBufferTable, to first: Int, replacing: Bool = false
    ) throws(UringError) {
        try FixedBufferTable.check(part, of: source)
        guard first >= 0, first < slots, part.count <= slots - first else {
            throw UringError(.cloneFixedBuffers, errno: EINVAL, cause: .fixedSlot(first < 0 ? first : slots))
        }
        guard source.table !== table else {
            throw UringError(.cloneFixedBuffers, errno: EINVAL, cause: .fixedClonesItself)
        }
        let (to, from) = (table, source.table)
        try to.withBothLocked(from) { (mine, its) throws(UringError) in
            if mine.isClosed || its.isClosed { throw UringError(.cloneFixedBuffers, errno: ENXIO) }
            let target = first..<first + part.count
            if !replacing, let used = target.first(where: { mine.slots[$0] != nil }) {
                throw UringError(.cloneFixedBuffers, errno: EBUSY, cause: .fixedSlotInUse(used))
            }
            try SystemCalls.cloneFixedSlots(
                descriptor: to.descriptor, source: from.descriptor, from: part.lowerBound, to: first,
                count: part.count, replacing: true)
            mine.adopt(its.slots[part], at: first)
        }
    }

    private static func check(_ part: Range<Int>, of source: borrowing FixedBufferTable) throws(UringError) {
        guard !part.isEmpty, part.lowerBound >= 0, part.upperBound <= source.slots else {
            throw UringError(.cloneFixedBuffers, errno: EOVERFLOW)
        }
    }
}

extension FixedBooks {
    /// The kernel put clones of these into the slots from `first` on.
    fileprivate mutating func adopt(_ entries: ArraySlice<FixedEntry?>, at first: Int) {
        for (offset, entry) in entries.enumerated() {
            let copy = entry.map { entry in
                entry.slab.pin()
                let old = entry.registration
                // The kernel gives clones no tag.
                let new = FixedRegistration(
                    slab: old.slab, index: first + offset, start: old.start, byteCount: old.byteCount, tag: 0)
                return FixedEntry(registration: new, slab: entry.slab)
            }
            set(first + offset, copy)
        }
    }
}
