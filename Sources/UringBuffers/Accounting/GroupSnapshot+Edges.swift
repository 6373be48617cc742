// What a group counts, and the levels that follow from it.

extension GroupSnapshot {
    /// Steps of buffers from one state to the next since the group was made, and what goes with them. None is ever reset.
    public struct Edges: Hashable, Sendable, Codable {
        /// Buffers that the kernel is done with, as completions told.
        public var selected = 0
        /// Bytes in completions that were taken.
        public var receivedBytes = 0
        /// Bytes that remained free in buffers that the kernel is done with. Without incremental consumption it follows
        /// from two counters of a group at work, and can lag behind by what is being taken.
        public var unusedBytes = 0
        /// Buffers given back on the owner's thread.
        public var recycled = 0
        /// Buffers given back on other threads, those that wait on the return stack included.
        public var returned = 0
        /// Buffers published.
        public var published = 0
        /// Stores of the tail that published them.
        public var publishes = 0
        /// Incremental: buffers that the kernel began to fill and kept, and those of them that it is done with.
        public var partialsBegun = 0
        public var partialsFinished = 0
        /// Buffers that were lent to sends, and those of them that came back from them.
        public var leased = 0
        public var unleased = 0
        /// Buffers withdrawn for good. No rule of today withdraws any.
        public var retired = 0
        /// Completions with `ENOBUFS`, and those of them that came while buffers were kept back.
        public var starvations = 0
        public var avoidableStarvations = 0
        /// Nanoseconds from a completion with `ENOBUFS` that found nothing to publish to the next publish.
        public var starvedNanoseconds = 0
        /// Zero-copy sends, their notifications, and those of them that told that the kernel copied after all.
        public var zeroCopySends = 0
        public var zeroCopyNotifications = 0
        public var copiedSends = 0
        /// Bytes of spare buffers whose pages were given back to the system.
        public var trimmedBytes = 0
        /// Buffers whose lease ended while the kernel could still read them: kept for ever. Must be 0.
        public var leaked = 0
        /// Audits in which a rule did not hold. Must be 0.
        public var auditFailures = 0

        public init() {}

        /// The fewest steps that lead from a new group to these states.
        public init(leadingTo states: States) {
            published = states.total - states.cached
            selected = states.lent + states.sending + states.retired
            partialsBegun = states.partial
            leased = states.sending
            retired = states.retired
        }

        /// Where the buffers are after these steps. Whatever the counters are, the six add up to `capacity`; a step that
        /// was counted twice shows as a level below zero, or in an audit.
        public func states(capacity: Int) -> States {
            let partial = partialsBegun &- partialsFinished
            let sending = leased &- unleased
            let home = recycled &+ returned
            return States(
                available: published &- selected &- partial, partial: partial,
                lent: selected &- home &- sending &- retired, sending: sending,
                cached: capacity &- published &+ home, retired: retired)
        }

        /// What happened since `earlier`.
        public func delta(since earlier: Edges) -> Edges {
            var delta = self
            for counter in Edges.all { delta[keyPath: counter] &-= earlier[keyPath: counter] }
            return delta
        }

        /// Every counter.
        static var all: [WritableKeyPath<Edges, Int>] {
            [
                \.selected, \.receivedBytes, \.unusedBytes, \.recycled, \.returned, \.published, \.publishes,
                \.partialsBegun, \.partialsFinished, \.leased, \.unleased, \.retired, \.starvations,
                \.avoidableStarvations, \.starvedNanoseconds, \.zeroCopySends, \.zeroCopyNotifications, \.copiedSends,
                \.trimmedBytes, \.leaked, \.auditFailures,
            ]
        }
    }

    /// How many buffers are in each state.
    public struct States: Hashable, Sendable, Codable {
        /// Published: the kernel may select them.
        public var available = 0
        /// Incremental mode: partly filled, and still the kernel's.
        public var partial = 0
        /// Owned by handles, bundles and tokens.
        public var lent = 0
        /// Lent to a send.
        public var sending = 0
        /// Free: spare, or on the return stack.
        public var cached = 0
        /// Withdrawn.
        public var retired = 0

        public init(
            available: Int = 0, partial: Int = 0, lent: Int = 0, sending: Int = 0, cached: Int = 0, retired: Int = 0
        ) {
            self.available = available
            self.partial = partial
            self.lent = lent
            self.sending = sending
            self.cached = cached
            self.retired = retired
        }

        public var total: Int { available &+ partial &+ lent &+ sending &+ cached &+ retired }

        /// The six, by name, in the order of a buffer's life.
        public var all: [(name: String, count: Int)] {
            [
                ("available", available), ("partial", partial), ("lent", lent), ("sending", sending),
                ("cached", cached), ("retired", retired),
            ]
        }
    }
}
