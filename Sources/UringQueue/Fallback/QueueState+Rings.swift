// Receives into groups whose ring the queue reads itself: provided by requests, or one buffer named in each.

internal import CUring
internal import UringBuffers

/// One such receive under way.
struct FallbackReceive {
    let ring: QueueRing
    let tag: UInt64
    /// The buffer that it names; `nil` when the kernel picks one.
    let bid: UInt16?
}

extension QueueState {
    mutating func receive(from socket: Int32, into ring: QueueRing, limit: Int, tag: UInt64) {
        switch ring.way {
        case .provides:
            provide(ring)
            let own = began(FallbackReceive(ring: ring, tag: tag, bid: nil))
            push(
                .receive(socket, group: ring.id.rawValue, flags: 0, limit: UInt32(limit), budget: 0, tag: own.rawValue))
        case .chooses:
            guard let entry = ring.takeEntry() else {
                backlog.append(curing_completion(user_data: tag, result: -UringErrno.noBuffers, flags: 0))
                return
            }
            let own = began(FallbackReceive(ring: ring, tag: tag, bid: entry.bid))
            let length = limit > 0 ? Swift.min(UInt32(limit), entry.length) : entry.length
            push(.receive(socket, at: entry.address, length: length, tag: own.rawValue))
        }
    }

    private mutating func began(_ receive: FallbackReceive) -> InternalTag {
        receive.ring.began()
        return .received(receives.insert(receive))
    }

    /// The completion as it would be of a ring of the kernel's.
    mutating func endReceive(_ slot: Int, result: Int32, flags: CompletionFlags) -> Completion {
        let receive = receives.remove(slot)
        var flags = flags
        if let bid = receive.bid {
            flags = CompletionFlags(rawValue: flags.rawValue | UInt32(bid) << 16).union(.buffer)
        }
        receive.ring.ended(withBuffer: flags.contains(.buffer))
        return Completion(tag: receive.tag, result: result, flags: flags)
    }

    /// The queue's own tag of a receive under way with the caller's tag. O(such receives).
    func ownTag(ofReceive tag: UInt64) -> UInt64? {
        guard receives.count > 0 else { return nil }
        return receives.usedSlots.first { receives[$0].tag == tag }.map { InternalTag.received($0).rawValue }
    }

    // MARK: Providing

    /// Queues requests for everything that groups published since the last time.
    mutating func provideAll() {
        for ring in rings where ring.way == .provides { provide(ring) }
    }

    private mutating func provide(_ ring: QueueRing) {
        for run in ring.takeRuns() {
            var request = ring.request(for: run)
            // Only a failure is news.
            if features & CURING_FEAT_CQE_SKIP != 0 { request.flags |= CURING_SQE_CQE_SKIP_SUCCESS }
            push(request)
        }
    }

    /// What the kernel had no memory for is provided again with the next submit.
    func endProvision(_ run: ProvidedRun, serial: UInt16, result: Int32) {
        guard result < 0, let ring = rings.first(where: { $0.serial == serial }) else { return }
        ring.refuse(run)
    }

    /// Provides the first buffers and waits for the answer, so that an id that is taken is an error at once.
    mutating func provideFirst(_ ring: QueueRing) throws(UringError) {
        provide(ring)
        _ = try submit()
        // They were provided while they were submitted: the answers are there.
        while reapToBacklog() > 0 {}
        for raw in backlog where raw.result < 0 {
            guard case .provided(ring.serial, _) = InternalTag(raw.user_data) else { continue }
            throw UringError(.provideBuffers, errno: -raw.result)
        }
    }

    /// Takes back what the kernel was provided with and did not pick. Whatever is queued later comes later.
    mutating func withdraw(_ ring: QueueRing, count: Int) {
        guard count > 0 else { return }
        push(.removeBuffers(count, group: ring.id.rawValue, tag: InternalTag.silent.rawValue))
        _ = try? submit()
    }

    // MARK: The end of the queue

    /// Everything was cancelled: collects what ended, so that groups may free their memory.
    mutating func endReceives() {
        for _ in 0..<100 where receives.count > 0 {
            _ = unsafe curing_queue_submit_and_wait(ring, 1, 10_000_000)
            while reapToBacklog() > 0 {}
            for raw in backlog {
                guard case .received(let slot) = InternalTag(raw.user_data) else { continue }
                receives.remove(slot).ring.ended(withBuffer: false)
            }
            backlog.removeAll { if case .received = InternalTag($0.user_data) { true } else { false } }
        }
    }
}
