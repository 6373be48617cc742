// The books of one group.

/// What a group's buffers are doing and did, as plain values.
public struct PoolBooks: Hashable, Sendable {
    /// Where the buffers are now. The six counts add up to the capacity.
    public struct States: Hashable, Sendable {
        /// Published: the kernel may select them.
        public var available = 0
        /// Incremental mode: partly filled, and still the kernel's.
        public var partial = 0
        /// Owned by handles, bundles and tokens.
        public var lent = 0
        /// Lent to a zero-copy send.
        public var sending = 0
        /// Free: spare, or on the return stack.
        public var cached = 0
        /// Withdrawn.
        public var retired = 0

        public var total: Int { available + partial + lent + sending + cached + retired }
    }

    public internal(set) var capacity: Int
    /// Bytes in each buffer.
    public internal(set) var bufferSize: Int
    public internal(set) var states: States
    /// Buffers that completions named.
    public internal(set) var selected: Int
    /// Buffers given back on the owner's thread.
    public internal(set) var recycled: Int
    /// Buffers given back on other threads, those on the return stack included.
    public internal(set) var returned: Int
    /// Bytes in selected buffers.
    public internal(set) var receivedBytes: Int
    /// Entries published, and the stores that did it.
    public internal(set) var published: Int
    public internal(set) var publishes: Int
    /// Completions with `ENOBUFS`, and those of them that came while buffers were free.
    public internal(set) var starvations: Int
    public internal(set) var avoidableStarvations: Int
    /// Bytes of spare buffers whose pages were given back to the system.
    public internal(set) var trimmedBytes: Int
    /// Zero-copy sends of buffers, and those of them whose bytes the kernel copied after all.
    public internal(set) var zeroCopySends: Int
    public internal(set) var copiedSends: Int
    /// How many buffers the refill policy wants published.
    public internal(set) var window: Int
    /// The most buffers that were ever out at once.
    public internal(set) var peakLent: Int
    /// Buffers that the kernel selected without a completion that was taken: `nil` when the kernel cannot say.
    public internal(set) var unreaped: Int?
    /// Each rule of the books that does not hold. Empty when they balance.
    public internal(set) var violations: [String]

    /// Whether every rule holds.
    public var balanced: Bool { violations.isEmpty }
}
