// The heart of a group: what a handle points to.

public import CUring
import Glibc
public import RingArithmetic
public import Synchronization

/// Everything that one group owns. It lives in memory of its own, and handles point to it without reference counting:
/// the group's own count of buffers that are out keeps it alive until the last one is home.
///
/// Fields and functions belong to the owner's thread, except ``ownerToken``, ``returns`` and, for the one buffer that a
/// handle owns, its record and its link.
@safe
@usableFromInline
struct GroupHeader: ~Copyable {
    // First in every structure that the owner changes as a whole is something that no other thread reads: the thread
    // sanitizer takes such a change for one of the first word.

    /// Whether the owner wants to know more of a refill than how much it published: since receives wait or a gauge is
    /// set, until the refill after there is neither.
    @usableFromInline var isWatched = false
    /// The token of the thread that owns the group; 0 while detached or after the group is gone.
    @usableFromInline let ownerToken: Atomic<UInt>
    /// The same while the ring is well filled, else 0: one comparison lets a buffer through the fast paths of taking and
    /// giving back.
    @usableFromInline let readyToken = Atomic<UInt>(0)
    /// The same where buffers are timed, for the fast paths of that level.
    @usableFromInline let timedToken = Atomic<UInt>(0)
    @usableFromInline let slabBase: UnsafeMutableRawPointer
    @usableFromInline let bufferSize: UInt32
    @usableFromInline let records: UnsafeMutablePointer<BufferRecord>
    @usableFromInline var ring: RingCursor
    @usableFromInline var spares: SparePool
    @usableFromInline let counters = GroupCounters()
    /// Odd while several counters change together.
    let sequence = SequenceWord()
    /// How many selectable buffers there would be, with as many spare ones as now, when the most were out since the
    /// last refill. One number to compare with and one to count for each buffer, where the obvious way takes three
    /// times as much.
    @usableFromInline let peakMarkWord = OwnedWord()
    @usableFromInline var window: RefillWindow
    /// Spare buffers that the last publish kept back.
    var sparesLeft = 0
    /// The most buffers that were out before the last refill.
    let peakSoFarWord = OwnedWord()
    /// The fewest buffers that were free since the last refill that the owner asked for.
    var fewestFree: Int
    var waiting = RearmQueue()
    var gauge: PressureGauge?
    var reserve = 0
    var tags = TagTable()
    let signal: ReturnSignal?
    var trimMap: TrimMap
    var trimsAutomatically: Bool
    /// Spare buffers below this position were not needed in the last period of trimming.
    var coldEnd = 0
    var refillsSinceTrim = 0
    /// Refills that may still exchange buffers for others that lie closer together.
    var gatherSteps = 0
    /// Periods until the next attempt, and after the next attempt that fails.
    var gatherPause = 0
    var gatherBackoff = 1
    /// Buffers in use that have yet to give back pages which only a burst needed; the bytes that went, and the periods
    /// that passed, since the last time that all of them did.
    var renewals = 0
    var trimmedLately = 0
    var periodsSinceRenewal = 0
    /// Of a pool's class: what all classes may have committed together.
    let budget: CommitBudget?
    /// Buffers that the last publish wanted, and the budget had no room for.
    var denied = 0
    let closedWord = OwnedWord()
    /// What lets other threads read the books, even after the group.
    let ledger: GroupLedger
    let level: AccountingLevel
    /// Above the level of counters.
    let details: UnsafeMutablePointer<BufferDetails>?
    /// How many buffers were left when some were published.
    let availableAtPublish: LiveHistogram

    var registration: RingRegistration
    let slab: Slab
    let returns: ReturnStack
    /// One link for each bid: chains of lent buffers, and the return stack.
    @usableFromInline let links: UnsafeMutablePointer<UInt16>
    /// Of incremental groups: one record for each bid.
    let segments: UnsafeMutablePointer<SegmentRecord>?
    /// Bytes below which the kernel skips the rest of a partial buffer.
    let minimumLeft: Int
    /// What other threads count as well: the fields before it belong to the owner.
    let shared = SharedCounters()
    /// How many tokens were made; numbers each of them.
    let tokens = Atomic<UInt32>(0)

    init(
        registration: consuming RingRegistration, capacity entries: RingCapacity, slab: consuming PageMemory,
        bufferSize: Int, consumption: Consumption, policy: RefillPolicy, signal: ReturnSignal?, share: PoolShare?,
        level: AccountingLevel, ledger: GroupLedger
    ) {
        let capacity = entries.entries
        self.slab = Slab(slab)
        unsafe slabBase = self.slab.baseAddress
        self.bufferSize = UInt32(bufferSize)
        self.signal = signal
        self.ledger = ledger
        self.level = level
        unsafe details = unsafe BufferDetails.make(capacity: capacity, level: level)
        availableAtPublish = LiveHistogram(most: capacity)
        fewestFree = capacity
        unsafe records = .allocate(capacity: capacity)
        for bid in 0..<capacity { unsafe (records + bid).initialize(to: BufferRecord()) }
        unsafe links = .allocate(capacity: capacity)
        unsafe links.initialize(repeating: ReturnStack.none, count: capacity)
        unsafe returns = ReturnStack(links: links)
        minimumLeft = consumption.minimumLeft
        if consumption.isIncremental {
            let segments = UnsafeMutablePointer<SegmentRecord>.allocate(capacity: capacity)
            for bid in 0..<capacity { unsafe (segments + bid).initialize(to: SegmentRecord()) }
            unsafe self.segments = unsafe segments
        } else {
            unsafe segments = nil
        }
        spares = SparePool(capacity: entries)
        window = RefillWindow(policy: policy, capacity: share?.windowLimit(of: capacity, policy) ?? capacity)
        budget = policy == .adaptive ? share?.budget : nil
        if budget != nil { self.slab.avoidHugePages() }
        trimMap = TrimMap(capacity: capacity, bufferSize: bufferSize, pageSize: PageMemory.pageSize)
        trimsAutomatically = policy == .adaptive
        ownerToken = Atomic(UInt(curing_thread_token()))
        ring = unsafe RingCursor(base: registration.baseAddress, capacity: entries, id: registration.id)
        self.registration = registration
        concealAll()
    }

    deinit {
        exposeAll()
        unsafe records.deinitialize(count: capacity)
        unsafe records.deallocate()
        unsafe details?.deinitialize(count: 1)
        unsafe details?.deallocate()
        unsafe links.deallocate()
        if let segments = unsafe segments {
            unsafe segments.deinitialize(count: capacity)
            unsafe segments.deallocate()
        }
    }
}

extension GroupHeader {
    @inlinable var capacity: Int { ring.capacity.entries }

    @inlinable var peakMark: Int {
        get { peakMarkWord.value }
        nonmutating set { peakMarkWord.value = newValue }
    }

    var peakSoFar: Int {
        get { peakSoFarWord.value }
        nonmutating set { peakSoFarWord.value = newValue }
    }

    var isClosed: Bool { closedWord.read() != 0 }

    @inlinable
    func address(of bid: UInt16) -> UnsafeMutableRawPointer {
        // Safe: callers checked that the bid is below the capacity, and the slab holds capacity × bufferSize bytes.
        unsafe slabBase + Int(bid) &* Int(bufferSize)
    }

    @inlinable var isReadyForThisThread: Bool { readyToken.load(ordering: .relaxed) == UInt(curing_thread_token()) }

    /// The same, for what is charged to nobody. One branch for both: the second would cost 7 % of a buffer's life.
    @inlinable
    func isReady(withTag tag: OwnerTag) -> Bool {
        (readyToken.load(ordering: .relaxed) ^ UInt(curing_thread_token())) | UInt(tag.number) == 0
    }

    /// The same where buffers are timed.
    var isTimedForThisThread: Bool { timedToken.load(ordering: .relaxed) == UInt(curing_thread_token()) }

    @inlinable var isOwnedByThisThread: Bool { ownerToken.load(ordering: .relaxed) == UInt(curing_thread_token()) }

    /// Traps unless the caller is the owner.
    @inlinable
    func checkOwner() {
        if !isOwnedByThisThread { trapWrongThread() }
    }

    /// Traps unless the buffer is in the state that the step at hand starts from.
    @inlinable
    func require(_ bid: UInt16, _ expected: BufferState) {
        // Safe: the bid was checked when its buffer was taken, or comes from our own lists.
        if unsafe !records[Int(bid)].isIn(expected) { trapState(bid, expected: expected) }
    }

    // MARK: Taking

    /// One published buffer becomes the application's.
    @inlinable @inline(__always)
    mutating func select(_ bid: UInt16) {
        if bid > ring.capacity.mask { trapForeign(bid) }
        require(bid, .available)
        // Safe, here and below: as in `require`.
        unsafe records[Int(bid)].enter(.lent)
        // As many buffers are in the state available as are selectable, so this cannot go below zero.
        let selectable = ring.selectable &- 1
        ring.selectable = selectable
        if _slowPath(selectable < peakMark) { peakMark = selectable }
        if _slowPath(selectable < window.lowMark) {
            readyToken.store(0, ordering: .relaxed)
            timedToken.store(0, ordering: .relaxed)
        }
    }

    /// Buffers that completions named: all that were published, but for those that can still be selected.
    @inlinable var selected: Int { counters.published.value &- ring.selectable }

    /// Buffers out of the group's hands, those waiting on the return stack included.
    @inlinable var out: Int { capacity &- ring.selectable &- spares.count }

    /// Buffers given back on this thread: all that ever became spare, but for those that started so and those that
    /// other threads returned.
    var recycled: Int { counters.published.value &+ spares.count &- capacity &- counters.returned.value }

    /// The most buffers that were out at once since the last refill.
    var peakLent: Int { capacity - peakMark - spares.count }

    // MARK: Giving back

    /// One lent buffer becomes spare. Owner's thread.
    @inlinable
    mutating func recycle(_ bid: UInt16) {
        require(bid, .lent)
        becomeSpare(bid)
    }

    @inlinable
    mutating func becomeSpare(_ bid: UInt16) {
        unsafe records[Int(bid)].enter(.spare)
        spares.push(bid)
        peakMark &-= 1
    }

    /// Publishes when the ring is low and a batch is together, or the kernel is about to run dry.
    mutating func refillWhenWorthwhile() {
        guard ring.selectable < window.lowMark else { return }
        let batch = Swift.min(32, Swift.max(1, window.size / 4))
        if spares.count >= batch || ring.selectable < batch { _ = refill() }
    }
}
