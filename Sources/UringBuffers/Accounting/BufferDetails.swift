// What a group keeps of each buffer above the level of counters.

internal import CUring
internal import Synchronization

/// When and for whom, 16 bytes for each buffer. Written by whoever owns the buffer.
struct TimedRecord: ~Copyable {
    /// When it was taken. While it waits on the return stack: for how long it was held.
    let time = Atomic<Int>(0)
    /// Bytes that completions brought, and from bit 32 on the tag: one store sets both.
    let content = Atomic<UInt64>(0)
}

/// The last sixteen steps, and where the last owner stood, 24 bytes for each buffer. Likewise.
struct ForensicRecord: ~Copyable {
    let history = Atomic<UInt64>(0)
    /// The address of a static string, 0 for none.
    let file = Atomic<UInt>(0)
    let line = Atomic<UInt32>(0)
}

/// The tables and histograms of one group.
@safe
struct BufferDetails: ~Copyable {
    /// One reading of the clock for each batch of the thread's completions, or for each refill where no queue tells of
    /// batches.
    private var batch = UInt64.max
    private var time = 0
    private let timed: UnsafeMutablePointer<TimedRecord>
    private let forensic: UnsafeMutablePointer<ForensicRecord>?
    private let capacity: Int
    let holdTime = LiveHistogram()
    let zeroCopyInFlight = LiveHistogram()
    /// Of whole buffers the sum is what the group received, and not kept a second time.
    let deliveredBytes = LiveHistogram(most: .max >> 32)

    /// In memory of its own; `nil` when there is nothing to keep.
    static func make(capacity: Int, level: AccountingLevel) -> UnsafeMutablePointer<BufferDetails>? {
        if level == .counters { return nil }
        let details = UnsafeMutablePointer<BufferDetails>.allocate(capacity: 1)
        unsafe details.initialize(to: BufferDetails(capacity: capacity, level: level))
        return unsafe details
    }

    private init(capacity: Int, level: AccountingLevel) {
        self.capacity = capacity
        unsafe timed = .allocate(capacity: capacity)
        for bid in 0..<capacity { unsafe (timed + bid).initialize(to: TimedRecord()) }
        if level == .forensic {
            let records = UnsafeMutablePointer<ForensicRecord>.allocate(capacity: capacity)
            for bid in 0..<capacity { unsafe (records + bid).initialize(to: ForensicRecord()) }
            unsafe forensic = unsafe records
        } else {
            unsafe forensic = nil
        }
    }

    deinit {
        unsafe timed.deinitialize(count: capacity)
        unsafe timed.deallocate()
        guard let forensic = unsafe forensic else { return }
        unsafe forensic.deinitialize(count: capacity)
        unsafe forensic.deallocate()
    }

    var isForensic: Bool { unsafe forensic != nil }

    var byteCount: Int {
        capacity * (MemoryLayout<TimedRecord>.stride + (isForensic ? MemoryLayout<ForensicRecord>.stride : 0))
            + holdTime.byteCount + zeroCopyInFlight.byteCount + deliveredBytes.byteCount
    }

    // MARK: The owner's clock

    /// The time of the batch at hand.
    @inline(__always)
    mutating func now() -> Int {
        let current = curing_batch()
        if _slowPath(batch != current) { beginBatch(current) }
        return time
    }

    // Apart, so that the fast path needs no place for the clock's answer.
    @inline(never)
    private mutating func beginBatch(_ current: UInt64) {
        batch = current
        time = MonotonicClock.now
    }

    /// What comes next belongs to another batch.
    mutating func endBatch() { batch = .max }

    // MARK: One buffer. Safe, here and below: bids are below the capacity.

    /// A completion brought bytes; `isFirst` tells whether they are the first in this buffer.
    @inline(__always)
    mutating func taken(_ bid: UInt16, bytes: UInt32, isFirst: Bool) {
        if isFirst {
            unsafe timed[Int(bid)].time.store(now(), ordering: .relaxed)
            unsafe timed[Int(bid)].content.store(UInt64(bytes), ordering: .relaxed)
        } else {
            unsafe timed[Int(bid)].content.add(UInt64(bytes), ordering: .relaxed)
        }
    }

    /// The same for a whole buffer, for the fast path.
    @inline(__always)
    mutating func takenWhole(_ bid: UInt16, bytes: UInt32) {
        taken(bid, bytes: bytes, isFirst: true)
        deliveredBytes.count(Int(bytes))
    }

    /// It is home, on the owner's thread.
    @inline(__always)
    mutating func cameHome(_ bid: UInt16) {
        holdTime.add(Swift.max(0, now() &- (unsafe timed[Int(bid)].time.load(ordering: .relaxed))))
    }

    /// It ended on another thread: how long it was held is known there.
    func ended(_ bid: UInt16) {
        let since = unsafe timed[Int(bid)].time.load(ordering: .relaxed)
        unsafe timed[Int(bid)].time.store(Swift.max(0, MonotonicClock.now &- since), ordering: .relaxed)
    }

    /// The owner took it off the return stack.
    func drained(_ bid: UInt16) { holdTime.add(unsafe timed[Int(bid)].time.load(ordering: .relaxed)) }

    func charge(_ bid: UInt16, to tag: UInt16) {
        let bytes = unsafe timed[Int(bid)].content.load(ordering: .relaxed) & 0xffff_ffff
        unsafe timed[Int(bid)].content.store(bytes | UInt64(tag) << 32, ordering: .relaxed)
    }

    func time(of bid: UInt16) -> Int { unsafe timed[Int(bid)].time.load(ordering: .relaxed) }
    private func content(of bid: UInt16) -> UInt64 { unsafe timed[Int(bid)].content.load(ordering: .relaxed) }
    func bytes(of bid: UInt16) -> Int { Int(content(of: bid) & 0xffff_ffff) }
    func tag(of bid: UInt16) -> Int { Int(content(of: bid) >> 32) }

    // MARK: Forensic

    func note(_ event: BufferEvent, _ bid: UInt16) {
        guard let forensic = unsafe forensic else { return }
        let word = unsafe forensic[Int(bid)].history.load(ordering: .relaxed)
        unsafe forensic[Int(bid)].history.store(word << 4 | UInt64(event.rawValue), ordering: .relaxed)
    }

    func touch(_ bid: UInt16, _ place: SourceTouch) {
        guard let forensic = unsafe forensic else { return }
        unsafe forensic[Int(bid)].file.store(place.file, ordering: .relaxed)
        unsafe forensic[Int(bid)].line.store(place.line, ordering: .relaxed)
    }

    func history(of bid: UInt16) -> [BufferEvent] {
        guard let forensic = unsafe forensic else { return [] }
        return BufferEvent.history(unsafe forensic[Int(bid)].history.load(ordering: .relaxed))
    }

    func lastTouch(of bid: UInt16) -> String? {
        guard let forensic = unsafe forensic else { return nil }
        let file = unsafe forensic[Int(bid)].file.load(ordering: .relaxed)
        // Safe: the address of a static string, which ends with a zero and lives for ever.
        guard let start = unsafe UnsafePointer<CChar>(bitPattern: file) else { return nil }
        return unsafe "\(String(cString: start)):\(forensic[Int(bid)].line.load(ordering: .relaxed))"
    }
}
