// The books of a fixed-buffer table: what each slot holds, and what the kernel may still use.

internal import CUring
import Glibc
internal import Synchronization

/// Memory in a slot.
struct FixedEntry {
    let registration: FixedRegistration
    let slab: Slab
}

/// Changed only together with the kernel's table, under one lock.
struct FixedBooks {
    private(set) var slots: [FixedEntry?]
    /// Entries that left their slot, by the tag of the report that is due.
    private(set) var quarantine: [UInt64: FixedEntry] = [:]
    private var serial: UInt64 = 0
    var isClosed = false

    init(slots: Int) { self.slots = Array(repeating: nil, count: slots) }

    mutating func nextTag(after reports: UInt64?) -> UInt64 {
        guard let reports else { return 0 }
        serial += 1
        return reports &+ serial
    }

    /// The kernel's slot now holds this, or nothing.
    mutating func set(_ index: Int, _ entry: FixedEntry?) {
        let old = slots[index]
        slots[index] = entry
        if let old { retire(old) }
    }

    private mutating func retire(_ entry: FixedEntry) {
        entry.registration.isCurrent.store(false, ordering: .releasing)
        if entry.registration.tag == 0 {
            entry.slab.unpin()
        } else {
            quarantine[entry.registration.tag] = entry
        }
    }

    mutating func retireAll() {
        isClosed = true
        for index in slots.indices { set(index, nil) }
    }

    mutating func takeReport(_ tag: UInt64) -> FixedEntry? {
        guard let entry = quarantine.removeValue(forKey: tag) else { return nil }
        entry.slab.unpin()
        return entry
    }

    /// The kernel's slots cannot be emptied.
    func abandonSlots() {
        for case let entry? in slots {
            Abandoned.keep(entry.slab, byteCount: entry.registration.byteCount)
        }
    }

    /// No report can be taken any more.
    mutating func forgetQuarantine() {
        for entry in quarantine.values { entry.slab.unpin() }
        quarantine = [:]
    }
}

/// What a table is behind its handle. Everything about one table happens under its lock, system calls included: what the
/// books say and what the kernel has are never seen apart, not even by another thread that clones the table.
final class FixedTable: Sendable {
    let descriptor: Int32
    /// 0 or the number before the first tag of a report.
    let reports: UInt64?
    /// For the order in which the locks of two tables are taken.
    let number: UInt64
    let books: Mutex<FixedBooks>

    private static let made = Atomic<UInt64>(0)

    /// Takes over the descriptor.
    init(descriptor: Int32, slots: Int, reports: UInt64?) {
        self.descriptor = descriptor
        self.reports = reports
        number = FixedTable.made.add(1, ordering: .relaxed).newValue
        books = Mutex(FixedBooks(slots: slots))
    }

    deinit {
        books.withLock { books in
            if !books.isClosed {
                do throws(UringError) {
                    try SystemCalls.unregisterFixedTable(descriptor: descriptor)
                } catch {
                    // On another thread of a single-issuer ring: the kernel's slots live on, so their memory must.
                    if error.errno != ENXIO { books.abandonSlots() }
                }
            }
            books.retireAll()
            // Unmapping memory while the kernel still uses its pages is no danger: they are the kernel's until it is done.
            books.forgetQuarantine()
        }
        curing_close(descriptor)
    }

    func withBothLocked(
        _ other: FixedTable, _ body: (inout FixedBooks, inout FixedBooks) throws(UringError) -> Void
    ) throws(UringError) {
        if number < other.number {
            try books.withLock { (mine) throws(UringError) in
                try other.books.withLock { (its) throws(UringError) in try body(&mine, &its) }
            }
        } else {
            try other.books.withLock { (its) throws(UringError) in
                try books.withLock { (mine) throws(UringError) in try body(&mine, &its) }
            }
        }
    }
}
