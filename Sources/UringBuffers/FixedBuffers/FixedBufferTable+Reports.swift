// Reports of the kernel that a slot's last user is gone, and what the table holds.

internal import Synchronization

/// The kernel's report that nobody uses the memory any more that a slot once held.
public struct FixedSlotReport: Hashable, Sendable {
    /// The registration that has ended; no longer current.
    public let slot: FixedSlot
}

extension FixedBufferTable {
    /// What a completion of the ring says about this table: the report of a slot that was cleared or replaced, or `nil`
    /// when the completion is not one of its reports. Ends the quarantine of that memory. O(1).
    ///
    /// A report may come late, but not twice, and only for registrations of a table made with `reports`. Cloned slots
    /// have none.
    public func takeReport(tag: UInt64) -> FixedSlotReport? {
        guard let reports = table.reports, tag != reports else { return nil }
        return table.books.withLock { books in
            books.takeReport(tag).map { FixedSlotReport(slot: FixedSlot(registration: $0.registration)) }
        }
    }

    /// What a slot holds now; `nil` when it is empty or there is no such slot. O(1).
    public func slot(at index: Int) -> FixedSlot? {
        guard (0..<slots).contains(index) else { return nil }
        return table.books.withLock { books in
            books.slots[index].map { FixedSlot(registration: $0.registration) }
        }
    }

    /// Bytes in all slots. O(slots).
    public var registeredBytes: Int {
        table.books.withLock { books in
            books.slots.reduce(0) { $0 + ($1?.registration.byteCount ?? 0) }
        }
    }

    /// Registrations that left their slot and whose report has not been taken.
    public var quarantined: Int { table.books.withLock { $0.quarantine.count } }

    /// Bytes of those. O(``quarantined``).
    public var quarantinedBytes: Int {
        table.books.withLock { books in books.quarantine.values.reduce(0) { $0 + $1.registration.byteCount } }
    }
}
