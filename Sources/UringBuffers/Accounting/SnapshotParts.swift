// The smaller parts of a snapshot: holders, single buffers, regions, tables, the locked-memory limit.

/// How much a group counts. Each level includes those before it.
public enum AccountingLevel: String, Hashable, Sendable, Codable, CaseIterable {
    /// Every step. Costs next to nothing.
    case counters
    /// How long each buffer is held, from one reading of the clock for each batch of completions.
    case timed
    /// The last sixteen steps of each buffer, and where it was last touched. For the search of a leak.
    case forensic
}

/// What one holder has of a group.
public struct TagSnapshot: Hashable, Sendable, Codable {
    /// Its number, 1...65535; 0 for the sum of all that are not listed.
    public var number: Int
    /// What the user calls it, if anything.
    public var name: String?
    /// Buffers (or segments) that it holds, those in sends included.
    public var held: Int
    /// Those of them that are lent to sends.
    public var sending: Int
    /// The most that it ever held. Of the sum: the most that one of them held.
    public var peak: Int
    /// All that were ever charged to it.
    public var total: Int
    /// The most that it should hold; `nil` without a limit.
    public var limit: Int?

    /// Those that are lent and in no send.
    public var lent: Int { held - sending }

    /// How many tags are listed.
    public static let mostListed = 64

    public init(
        number: Int, name: String? = nil, held: Int = 0, sending: Int = 0, peak: Int = 0, total: Int = 0,
        limit: Int? = nil
    ) {
        self.number = number
        self.name = name
        self.held = held
        self.sending = sending
        self.peak = peak
        self.total = total
        self.limit = limit
    }
}

/// What is known of one buffer. Rows are right one by one; buffers that move while they are read may not add up.
public struct BufferSnapshot: Hashable, Sendable, Codable {
    /// Its label, 0..<capacity.
    public var id: BufferID
    public var state: BufferState
    /// Whom it is charged to: a tag's number, 0 for nobody. Known from ``AccountingLevel/timed`` on.
    public var tag: Int
    /// When it was taken, on the monotonic clock; `nil` unless it is out, and at ``AccountingLevel/counters``.
    public var sinceNanoseconds: Int64?
    /// Bytes that the last completions brought into it. Known from ``AccountingLevel/timed`` on.
    public var bytes: Int
    /// Its last sixteen steps, the newest first. At ``AccountingLevel/forensic``.
    public var history: [BufferEvent]
    /// The source line that had it last, `module/file:line`. At ``AccountingLevel/forensic``.
    public var lastTouch: String?

    public init(
        id: BufferID, state: BufferState, tag: Int = 0, sinceNanoseconds: Int64? = nil, bytes: Int = 0,
        history: [BufferEvent] = [], lastTouch: String? = nil
    ) {
        self.id = id
        self.state = state
        self.tag = tag
        self.sinceNanoseconds = sinceNanoseconds
        self.bytes = bytes
        self.history = history
        self.lastTouch = lastTouch
    }
}

/// A memory region.
public struct RegionSnapshot: Hashable, Sendable, Codable {
    public var name: String
    /// Its length.
    public var byteCount: Int
    /// Bytes that are in memory; `nil` unless asked for.
    public var residentBytes: Int?
    /// Where its memory is from, as of a group.
    public var backing: String
    /// What is charged for it to the locked-memory limit, by our own arithmetic.
    public var chargedBytes: Int

    public init(
        name: String, byteCount: Int, residentBytes: Int? = nil, backing: String = "anonymous", chargedBytes: Int = 0
    ) {
        self.name = name
        self.byteCount = byteCount
        self.residentBytes = residentBytes
        self.backing = backing
        self.chargedBytes = chargedBytes
    }
}

/// A table of fixed buffers.
public struct FixedTableSnapshot: Hashable, Sendable, Codable {
    public var name: String
    /// How many there can be, and how many there are.
    public var slots: Int
    public var used: Int
    /// Bytes in the slots that are used.
    public var registeredBytes: Int
    /// Memory that left its slot while the kernel may still use it.
    public var quarantined: Int
    public var isClosed: Bool

    public init(
        name: String, slots: Int, used: Int = 0, registeredBytes: Int = 0, quarantined: Int = 0, isClosed: Bool = false
    ) {
        self.name = name
        self.slots = slots
        self.used = used
        self.registeredBytes = registeredBytes
        self.quarantined = quarantined
        self.isClosed = isClosed
    }
}

/// The locked-memory limit of the process (`RLIMIT_MEMLOCK`) and what is known to count against it.
public struct MemlockSnapshot: Hashable, Sendable, Codable {
    /// Bytes that may be charged, and what that may be raised to; `nil` without a limit.
    public var limit: Int?
    public var hardLimit: Int?
    /// Whether rings that this thread makes are not charged.
    public var isExempt: Bool
    /// What is charged for what is watched, by our own arithmetic: rings of buffers, regions, fixed buffers. The kernel
    /// tells nobody.
    public var ringBytes: Int
    public var regionBytes: Int
    public var fixedBytes: Int
    /// Bytes that the process has pinned (`VmPin`).
    public var pinnedBytes: Int

    /// All that is charged.
    public var chargedBytes: Int { ringBytes + regionBytes + fixedBytes }

    public init(
        limit: Int?, hardLimit: Int? = nil, isExempt: Bool = false, ringBytes: Int = 0, regionBytes: Int = 0,
        fixedBytes: Int = 0, pinnedBytes: Int = 0
    ) {
        self.limit = limit
        self.hardLimit = hardLimit
        self.isExempt = isExempt
        self.ringBytes = ringBytes
        self.regionBytes = regionBytes
        self.fixedBytes = fixedBytes
        self.pinnedBytes = pinnedBytes
    }
}
