// Starvation and fairness: who waits, who may hold how much, and when the pool runs low.

internal import RingArithmetic
internal import Synchronization

extension BufferGroup {
    // Safe, here and below: the header lives as long as the group, and the thread rule makes access exclusive.

    // MARK: Starvation

    /// Remembers a receive that ended for want of a buffer: a later ``refill()`` names its token when there are buffers
    /// again, in order, as many at a time as there are buffers. No timer, no spinning.
    ///
    /// Arm it then as before, or with `IORING_RECVSEND_POLL_FIRST` (not multishot on `AF_UNIX`): another receive may
    /// have taken the buffer. When the buffers are all on other threads, nothing completes that would make you refill:
    /// pass `wakeOnReturn` when you make the group.
    ///
    /// - Parameter tag: whose limit and reserve to respect; the token waits until the tag's ``allowance(for:)`` is 1.
    /// - Returns: false when 2^20 wait already; then nothing was remembered.
    public func rearmWhenRefilled(_ token: UInt64, tag: OwnerTag = .none) -> Bool {
        unsafe header.pointee.checkOwner()
        if tag != .none { unsafe header.pointee.tags.check(tag) }
        guard unsafe header.pointee.waiting.append(.init(token: token, tag: tag)) else { return false }
        unsafe header.pointee.counters.waiting.add(1)
        unsafe header.pointee.isWatched = true
        unsafe header.pointee.armSignal()
        return true
    }

    /// Forgets a token that waits, because its connection ended. O(waiting).
    public func forget(_ token: UInt64) {
        unsafe header.pointee.checkOwner()
        unsafe header.pointee.waiting.removeAll { $0.token == token }
        unsafe header.pointee.counters.waiting.value = header.pointee.waiting.count
    }

    /// How many receives wait for buffers.
    public var starving: Int { unsafe header.pointee.waiting.count }

    /// When ``refill()`` tells that the pool runs low, and that it recovered. `nil`: never.
    public var watermarks: Watermarks? {
        get { unsafe header.pointee.gauge?.marks }
        nonmutating set {
            unsafe header.pointee.gauge = newValue.map(PressureGauge.init)
            unsafe header.pointee.isWatched = true
            // What was before nobody asked about.
            unsafe header.pointee.noteFewestFree()
            unsafe header.pointee.beginToCount()
        }
    }

    // MARK: Shares

    /// A tag to charge buffers to: one for each connection, tenant or stage that must not take everything.
    ///
    /// - Parameters:
    ///   - name: what views call it; its first 32 bytes are kept.
    ///   - limit: the most buffers (or segments) that it should hold; ``allowance(for:)`` respects it.
    ///   - usesReserve: whether it may take the last ``reserve`` buffers.
    /// - Returns: `nil` when 65535 tags are in use. O(ended tags that still hold buffers).
    public func makeTag(named name: String? = nil, limit: Int = .max, usesReserve: Bool = false) -> OwnerTag? {
        unsafe header.pointee.checkOwner()
        demand(limit >= 0, "a limit of \(limit) buffers means nothing")
        return unsafe header.pointee.tags.make(name: name, limit: limit, usesReserve: usesReserve)
    }

    /// Ends a tag. What it holds stays charged to it; its number is used again when that is home. Receives that wait
    /// under it are forgotten. O(waiting).
    public func endTag(_ tag: OwnerTag) {
        unsafe header.pointee.checkOwner()
        unsafe header.pointee.tags.end(tag)
        unsafe header.pointee.waiting.removeAll { $0.tag == tag }
        unsafe header.pointee.counters.waiting.value = header.pointee.waiting.count
    }

    /// Turns a completion into what it means, and charges its buffers to `tag` until they are home.
    public func take(
        result: Int32, flags: CompletionFlags, tag: OwnerTag, file: StaticString = #fileID, line: UInt = #line
    ) -> TakeOutcome {
        let outcome = takeRare(result: result, flags: flags, SourceTouch(file, line))
        guard tag != .none else { return outcome }
        switch consume outcome {
        case .buffer(var buffer):
            buffer.charge(to: tag, file: file, line: line)
            return .buffer(buffer)
        case .bundle(var bundle):
            bundle.charge(to: tag, file: file, line: line)
            return .bundle(bundle)
        case let other: return other
        }
    }

    /// How many buffers a tag holds now.
    public func held(by tag: OwnerTag) -> Int {
        unsafe header.pointee.tags[tag].held.load(ordering: .relaxed)
    }

    /// How many buffers a receive for `tag` should be allowed to take now: what its limit leaves, of what is free
    /// beyond the reserve. The kernel chooses when data comes, so use it when arming: as the budget of a multishot
    /// receive, or arm nothing while it is 0 and ``rearmWhenRefilled(_:tag:)``.
    public func allowance(for tag: OwnerTag) -> Int { unsafe header.pointee.allowance(for: tag) }

    /// Buffers that only tags with `usesReserve` may take. 0 at first.
    public var reserve: Int {
        get { unsafe header.pointee.reserve }
        nonmutating set {
            demand(
                newValue >= 0 && newValue <= capacity.entries, "a reserve of \(newValue) buffers is not in the pool")
            unsafe header.pointee.reserve = newValue
        }
    }
}

extension GroupHeader {
    /// Buffers that are published or spare.
    var free: Int { ring.selectable + spares.count }

    /// What `tag` may still take when `promised` buffers of those that are free are somebody's already, `ownPromised` of
    /// them its own.
    func allowance(for tag: OwnerTag, promised: Int = 0, ownPromised: Int = 0) -> Int {
        let unpromised = free - promised
        guard tag != .none else { return Swift.max(0, unpromised - reserve) }
        let own = tags[tag].limit - tags[tag].held.load(ordering: .relaxed) - ownPromised
        return Swift.max(0, Swift.min(own, unpromised - (tags[tag].usesReserve ? 0 : reserve)))
    }

    /// Moves a charge. Any thread that owns what is charged may take it away; only the owner knows the tags.
    func move(count: Int, from old: OwnerTag, to new: OwnerTag) {
        if new != .none {
            checkOwner()
            tags.charge(new, count: count)
        }
        guard old != .none else { return }
        tags.release(old.number, count: count)
        if !isOwnedByThisThread { signal?.returned() }
    }

    /// The owner may be about to wait while receives wait for buffers, or for their tags to hold fewer than when
    /// `releases` was read.
    func armSignal(since releases: Int? = nil) {
        guard !waiting.isEmpty, let signal else { return }
        signal.arm { !returns.isEmpty || releases.map { $0 != tags.releases } ?? false }
    }

    /// What a refill means for those who watch.
    @usableFromInline @inline(never)
    mutating func outcome(published: Int) -> RefillOutcome {
        let (fewest, now) = (fewestFree, free)
        let edge = gauge?.edge(fewest: fewest, now: now)
        beginToCount()
        let releases = tags.releases
        let rearm = !waiting.isEmpty && ring.selectable > 0 ? takeWaiting() : []
        counters.waiting.value = waiting.count
        armSignal(since: releases)
        isWatched = !waiting.isEmpty || gauge != nil
        return RefillOutcome(published: published, rearm: rearm, edge: edge)
    }

    /// The receives that may go now. Each is promised one buffer, within its tag's limit and the reserve.
    private mutating func takeWaiting() -> [UInt64] {
        var waiting = RearmQueue()
        swap(&waiting, &self.waiting)
        defer { swap(&waiting, &self.waiting) }
        var promised = 0
        var promisedTo: [OwnerTag: Int] = [:]
        return waiting.take(ring.selectable) { next in
            let own = promisedTo[next.tag, default: 0]
            guard allowance(for: next.tag, promised: promised, ownPromised: own) > 0 else { return false }
            promised += 1
            if next.tag != .none { promisedTo[next.tag] = own + 1 }
            return true
        }
    }

    /// From now on counts the fewest free buffers: what came home in this very refill is not out any more.
    fileprivate mutating func beginToCount() {
        fewestFree = free
        peakMark = ring.selectable
    }

    /// Remembers how few buffers were free, before the counts change.
    mutating func noteFewestFree() {
        let peak = peakLent
        peakSoFar = Swift.max(peakSoFar, peak)
        fewestFree = Swift.min(fewestFree, capacity - peak)
        peakMark = ring.selectable
    }
}
