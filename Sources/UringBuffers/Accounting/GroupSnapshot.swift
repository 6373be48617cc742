// What is known of one group at one moment.

/// One group: what its buffers are doing and did.
///
/// The counters are in ``edges`` and can be read from the group itself: `group.selected`.
@dynamicMemberLookup
public struct GroupSnapshot: Hashable, Sendable, Codable {
    /// What the user calls it.
    public var name: String
    /// Its id on its ring (`bgid`).
    public var id: BufferGroupID
    /// Tells it from every other group of the process, before and after it: 1, 2, …
    public var serial: UInt64
    /// When it was made, on the monotonic clock.
    public var madeNanoseconds: Int64
    /// False when the owner was in the middle of a step at each of a bounded number of attempts: levels may then be off by
    /// the buffers of that step, and ``violations`` may be none.
    public var isConsistent: Bool
    /// Whether the ring is unregistered. Buffers may still be out.
    public var isClosed: Bool
    /// How it was made.
    public var mode: Mode
    /// The number of buffers, 1...32768.
    public var capacity: Int
    /// Bytes in each buffer.
    public var bufferSize: Int
    /// All that happened.
    public var edges: Edges

    // MARK: Pressure

    /// How many buffers the refill policy wants published, 1...capacity.
    public var window: Int
    /// The most buffers that were ever out at once, 0...capacity.
    public var peakLent: Int
    /// The fewest published buffers that there ever were, 0...capacity.
    public var availableLowWater: Int
    /// How many buffers were left each time that some were published: ``GroupDelta/availableLowWater`` comes from it.
    public var availableAtPublish: HoldHistogram
    /// Receives that wait for a buffer.
    public var waiting: Int

    // MARK: Memory

    /// Bytes of address space for the buffers.
    public var reservedBytes: Int
    /// Bytes of pages that overlap a buffer which is published, out, or spare and warm; all of them unless adaptive.
    public var committedBytes: Int
    /// Bytes that are in memory (`mincore`); `nil` unless asked for.
    public var residentBytes: Int?
    /// Bytes of the ring's entries, of the records of buffers, and of whatever the level keeps.
    public var metadataBytes: Int

    // MARK: The kernel's view

    /// Buffers that the kernel selected without a completion that was taken. `nil` unless asked for on the owner's
    /// thread, and when the kernel cannot say (before Linux 6.8).
    public var unreaped: Int?

    // MARK: Holders

    /// The tags with the lowest numbers, 64 at most; a last one with number 0 has the sums of all others.
    public var tags: [TagSnapshot]
    /// The buffer that is held the longest; `nil` when none is, unless asked for, and at ``AccountingLevel/counters``.
    public var oldestHeld: HeldBuffer?

    // MARK: Distributions, from ``AccountingLevel/timed`` on

    /// Nanoseconds from taking a buffer to its return, in steps of one batch of completions.
    public var holdTime: HoldHistogram?
    /// Nanoseconds from the request of a zero-copy send to its notification.
    public var zeroCopyInFlight: HoldHistogram?
    /// Bytes in each buffer that the kernel was done with.
    public var deliveredBytes: HoldHistogram?

    // MARK: Checks

    /// Each rule of the books that does not hold: empty when they balance. Levels below zero are found in each snapshot;
    /// the states of the buffers and the kernel's head are compared in an audit.
    public var violations: [String]
    /// Every buffer; `nil` unless asked for.
    public var buffers: [BufferSnapshot]?

    public init(
        name: String, id: BufferGroupID = 0, serial: UInt64 = 1, madeNanoseconds: Int64 = 0, isConsistent: Bool = true,
        isClosed: Bool = false, mode: Mode = Mode(), capacity: Int, bufferSize: Int, edges: Edges = Edges(),
        window: Int = 1, peakLent: Int = 0, availableLowWater: Int = 0,
        availableAtPublish: HoldHistogram = HoldHistogram(), waiting: Int = 0, reservedBytes: Int = 0,
        committedBytes: Int = 0, residentBytes: Int? = nil, metadataBytes: Int = 0, unreaped: Int? = nil,
        tags: [TagSnapshot] = [], oldestHeld: HeldBuffer? = nil, holdTime: HoldHistogram? = nil,
        zeroCopyInFlight: HoldHistogram? = nil, deliveredBytes: HoldHistogram? = nil, violations: [String] = [],
        buffers: [BufferSnapshot]? = nil
    ) {
        self.name = name
        self.id = id
        self.serial = serial
        self.madeNanoseconds = madeNanoseconds
        self.isConsistent = isConsistent
        self.isClosed = isClosed
        self.mode = mode
        self.capacity = capacity
        self.bufferSize = bufferSize
        self.edges = edges
        self.window = window
        self.peakLent = peakLent
        self.availableLowWater = availableLowWater
        self.availableAtPublish = availableAtPublish
        self.waiting = waiting
        self.reservedBytes = reservedBytes
        self.committedBytes = committedBytes
        self.residentBytes = residentBytes
        self.metadataBytes = metadataBytes
        self.unreaped = unreaped
        self.tags = tags
        self.oldestHeld = oldestHeld
        self.holdTime = holdTime
        self.zeroCopyInFlight = zeroCopyInFlight
        self.deliveredBytes = deliveredBytes
        self.violations = violations
        self.buffers = buffers
    }

    /// Whether every rule holds that was checked.
    public var balanced: Bool { violations.isEmpty }

    /// Where the buffers are now. The six counts add up to the capacity.
    public var states: States { edges.states(capacity: capacity) }

    /// Bytes of buffers that are neither free nor untouched by the kernel: partial, lent and sending ones.
    public var heldBytes: Int {
        let states = states
        return (states.partial + states.lent + states.sending) * bufferSize
    }

    /// One of the counters in ``edges``.
    public subscript(dynamicMember counter: KeyPath<Edges, Int>) -> Int { edges[keyPath: counter] }
}

extension GroupSnapshot {
    /// How a group was made: words that never change.
    public struct Mode: Hashable, Sendable, Codable {
        /// How much of a buffer one completion takes.
        public var consumption: ConsumptionKind
        /// Which buffers are published.
        public var refill: RefillPolicy
        /// Where the buffers' memory is from: `anonymous`, `heap`, `memory file` or `huge pages`.
        public var backing: String
        /// How much is counted.
        public var level: AccountingLevel

        public init(
            consumption: ConsumptionKind = .whole, refill: RefillPolicy = .adaptive, backing: String = "anonymous",
            level: AccountingLevel = .counters
        ) {
            self.consumption = consumption
            self.refill = refill
            self.backing = backing
            self.level = level
        }
    }

    /// ``Consumption`` as a word.
    public enum ConsumptionKind: String, Hashable, Sendable, Codable, CaseIterable {
        case whole
        case incremental
    }

    /// A buffer that is out, and since when.
    public struct HeldBuffer: Hashable, Sendable, Codable {
        /// Its label.
        public var id: BufferID
        /// Whom it is charged to; 0 for nobody.
        public var tag: Int
        /// When it was taken, on the monotonic clock.
        public var sinceNanoseconds: Int64

        public init(id: BufferID, tag: Int, sinceNanoseconds: Int64) {
            self.id = id
            self.tag = tag
            self.sinceNanoseconds = sinceNanoseconds
        }
    }
}
