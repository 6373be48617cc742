// Receives into groups whose ring the queue reads itself: provided by requests, or one buffer chosen for each.

internal import CUring
import Glibc
internal import UringBuffers

/// One such receive under way: a receive for which the kernel picks, or a poll before the queue chooses.
struct FallbackReceive {
    let ring: QueueRing
    let socket: Int32
    let limit: Int
    let tag: UInt64
    var isCancelled = false
}

extension QueueState {
    mutating func receive(from socket: Int32, into ring: QueueRing, limit: Int, tag: UInt64) {
        if ring.way == .provides {
            provide(ring)
            ring.began()
        }
        push(FallbackReceive(ring: ring, socket: socket, limit: limit, tag: tag))
    }

    private mutating func push(_ receive: FallbackReceive) {
        let own = InternalTag.received(receives.insert(receive)).rawValue
        switch receive.ring.way {
        case .provides:
            push(
                .receive(
                    receive.socket, group: receive.ring.id.rawValue, flags: 0, limit: UInt32(receive.limit), budget: 0,
                    tag: own))
        case .chooses: push(.poll(receive.socket, for: POLLIN, tag: own))
        }
    }

    /// The completion as it would be of a ring of the kernel's; `nil` when the receive goes on.
    mutating func endReceive(_ slot: Int, result: Int32, flags: CompletionFlags) -> Completion? {
        let receive = receives.remove(slot)
        switch receive.ring.way {
        case .provides:
            receive.ring.ended()
            if flags.contains(.buffer) { receive.ring.handOut() }
            return Completion(tag: receive.tag, result: result, flags: flags)
        case .chooses:
            // The descriptor may be closed by now, and its number another's.
            if receive.isCancelled { return Completion(tag: receive.tag, result: -UringErrno.cancelled, flags: []) }
            guard result >= 0 else { return Completion(tag: receive.tag, result: result, flags: []) }
            guard let completion = receive.ring.receive(from: receive.socket, limit: receive.limit, tag: receive.tag)
            else {
                // Somebody else received what was there.
                push(receive)
                return nil
            }
            return completion
        }
    }

    /// Marks the receives that match, all or one, and returns the queue's own tag of that. One that was asked to end
    /// already may be asked again: cancelling misses what runs at that moment. O(such receives).
    mutating func cancelReceives(where matches: (_ socket: Int32, _ tag: UInt64) -> Bool, all: Bool) -> UInt64? {
        guard receives.count > 0 else { return nil }
        let found = receives.usedSlots.filter { matches(receives[$0].socket, receives[$0].tag) }
        guard let one = found.first(where: { !receives[$0].isCancelled }) ?? found.first else { return nil }
        for slot in all ? found : [one] { receives[slot].isCancelled = true }
        return InternalTag.received(one).rawValue
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

    /// It ended, or never began, and nobody hears of it.
    mutating func forgetReceive(_ slot: Int) {
        let receive = receives.remove(slot)
        if receive.ring.way == .provides { receive.ring.ended() }
    }

    /// Everything was cancelled: collects what ended, so that groups may free their memory.
    mutating func endReceives() {
        for _ in 0..<100 where receives.count > 0 {
            _ = unsafe curing_queue_submit_and_wait(ring, 1, 10_000_000)
            while reapToBacklog() > 0 {}
            for raw in backlog {
                guard case .received(let slot) = InternalTag(raw.user_data) else { continue }
                forgetReceive(slot)
            }
            backlog.removeAll { if case .received = InternalTag($0.user_data) { true } else { false } }
        }
    }
}
