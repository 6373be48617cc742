// What a queue keeps behind its pointer, so that callers may use it inside its own completion handler.

internal import CUring
internal import Synchronization
internal import UringBuffers

@safe
struct QueueState: ~Copyable {
    let ring: OpaquePointer
    let descriptor: Int32
    let mode: QueueMode
    let features: UInt32
    /// Holds the slot that waits go through, when they do.
    let waitRegion: MemoryRegion?
    let sound: SoundReceives

    var arena = SubmissionArena()
    /// The sends under way, by slot.
    var outgoing = SlotTable<OutgoingSend>()
    var leases = SlotTable<LeasedSend>()
    /// Reads and writes of registered memory that are under way or were not taken.
    var transfers = SlotTable<FixedRequest>()
    /// Receives under way into groups whose ring the queue reads itself, by slot; and those rings.
    var receives = SlotTable<FallbackReceive>()
    var rings: [QueueRing] = []
    var ringsMade: UInt16 = 0
    /// How many of the sends were cancelled and did not end yet.
    var cancelledSends = 0
    /// Requests that found the submission queue full and the kernel unwilling; they go first at the next submit.
    var deferredSubmissions: [curing_submission] = []
    /// Completions that had to be reaped to make room while submitting; they are delivered first.
    var backlog: [curing_completion] = []
    let reaped: UnsafeMutablePointer<curing_completion>
    var wakeUp: WakeUp?
    var wasWoken = false
    var isStopping = false
    var isDelivering = false

    static let reapBatch = 256

    init(
        entries: Int, completionEntries: Int?, mode: QueueMode, waiting: WaitMethod, sound: SoundReceives
    ) throws(UringError) {
        self.sound = sound
        var (made, chosen) = try unsafe Self.create(entries, completionEntries, mode, isDisabled: waiting.isTried)
        var region: MemoryRegion?
        if waiting.isTried {
            // Safe, here and below: the ring lives until it is destroyed, in the end by deinit.
            region = unsafe WaitRegion.make(for: made)
            if unsafe curing_queue_enable(made) != 0 {
                // A filter that refuses every registration: the ring that needs none.
                region = nil
                unsafe curing_queue_destroy(made)
                unsafe (made, chosen) = try unsafe Self.create(entries, completionEntries, mode, isDisabled: false)
            }
        }
        waitRegion = region.take()
        unsafe ring = unsafe made
        self.mode = chosen
        descriptor = unsafe curing_queue_descriptor(made)
        features = unsafe curing_queue_features(made)
        unsafe reaped = .allocate(capacity: QueueState.reapBatch)
    }

    /// The ring in the best mode that the kernel has. A region for waits can be registered only while it is disabled.
    private static func create(
        _ entries: Int, _ completionEntries: Int?, _ mode: QueueMode, isDisabled: Bool
    ) throws(UringError) -> (OpaquePointer, QueueMode) {
        var error: Int32 = 0
        for candidate in mode.ladder {
            var flags = candidate.setupFlags | CURING_SETUP_CLAMP
            if isDisabled { flags |= CURING_SETUP_R_DISABLED }
            if completionEntries != nil { flags |= CURING_SETUP_CQSIZE }
            var made: OpaquePointer?
            // Safe: the call writes the one pointer when it succeeds.
            error = unsafe curing_queue_create(UInt32(entries), UInt32(completionEntries ?? 0), flags, &made)
            if let made = unsafe made, error == 0 { return unsafe (made, candidate) }
            if error != -UringErrno.invalid { break }
        }
        throw UringError(
            .createQueue, errno: -error,
            charging: .queue(entries: entries, completionEntries: completionEntries ?? 2 * entries))
    }

    deinit {
        unsafe curing_queue_destroy(ring)
        unsafe reaped.deallocate()
    }
}

extension QueueState {
    /// Nothing of ours goes on: a group's duplicate of the descriptor may keep the ring alive.
    mutating func cancelEverything() {
        // The rest of what is cancelled is not sent.
        _ = cancelSends { _, _ in true }
        withdrawUnsubmitted()
        var result = unsafe curing_queue_cancel_everything(ring)
        // A signal ends it early.
        for _ in 0..<16 where result == -UringErrno.interrupted {
            result = unsafe curing_queue_cancel_everything(ring)
        }
        // Else the kernel may still send from buffers, or receive into them: then they stay out for ever.
        if result < 0, result != -UringErrno.notFound { outgoing.abandonAll() } else { endReceives() }
        awaitNotifications()
        if result < 0, result != -UringErrno.notFound { transfers.abandonAll() }
        for ring in rings { unsafe ring.queue = nil }
    }

    /// Takes back the requests that never reached the kernel: sends end, for it reads nothing of them; receives never begin.
    private mutating func withdrawUnsubmitted() {
        var tags = deferredSubmissions.map(\.user_data)
        deferredSubmissions = []
        let unsubmitted = unsafe Int(curing_queue_unsubmitted(ring))
        if unsubmitted > 0 {
            // Safe: the call writes as many tags as there are unsubmitted requests, and says how many.
            tags += unsafe [UInt64](unsafeUninitializedCapacity: unsubmitted) { room, count in
                count = unsafe Int(curing_queue_withdraw(ring, room.baseAddress, UInt32(room.count)))
            }
        }
        for tag in tags {
            switch InternalTag(tag) {
            case .outgoing(let slot): _ = advanceOutgoing(slot, result: -UringErrno.cancelled)
            case .leased(let slot): _ = advanceLeased(slot, result: -UringErrno.cancelled, flags: [])
            case .received(let slot): forgetReceive(slot)
            case .transfer(let slot): _ = endTransfer(slot, result: -UringErrno.cancelled)
            case .silent, .wakeUp, .provided, nil: break
            }
        }
    }
}

extension QueueState {
    /// Completes a request without asking the kernel.
    mutating func refuse(_ refusal: SelectionRefusal, tag: UInt64) {
        backlog.append(
            curing_completion(user_data: tag, result: -UringErrno.invalid, flags: Completion.flags(of: refusal)))
    }
}

extension QueueState {
    /// Completes a send of more buffers than one message takes, on a socket that keeps messages apart. Returns whether
    /// it did.
    mutating func refusesMessage(of buffers: Int, to socket: Int32, tag: UInt64) -> Bool {
        guard buffers > QueueState.vectorsPerSend, (try? FileKind.of(descriptor: socket)) == .datagramSocket else {
            return false
        }
        backlog.append(curing_completion(user_data: tag, result: -UringErrno.messageSize, flags: 0))
        return true
    }
}

// MARK: - Submitting

extension QueueState {
    /// Queues one request; it reaches the kernel with the next submit. Never fails and never loses a request.
    mutating func push(_ submission: curing_submission) {
        if deferredSubmissions.isEmpty, tryPush(submission) { return }
        // The submission queue is full: hand it to the kernel and try again. What the arena holds stays: this very
        // request may point into it.
        _ = try? flush()
        if deferredSubmissions.isEmpty, tryPush(submission) { return }
        deferredSubmissions.append(submission)
    }

    private func tryPush(_ submission: curing_submission) -> Bool {
        // Safe: the call copies the entry.
        unsafe withUnsafePointer(to: submission) { unsafe curing_queue_push(ring, $0) == 0 }
    }

    /// Hands everything queued to the kernel without waiting.
    mutating func submit() throws(UringError) -> Int {
        if !rings.isEmpty { provideAll() }
        let accepted = try flush()
        recycleArena()
        return accepted
    }

    private mutating func flush() throws(UringError) -> Int {
        var total = 0
        // Each round either submits something or makes room by reaping; the bound keeps a broken kernel from a spin.
        for _ in 0..<64 {
            queueDeferred()
            let accepted = unsafe curing_queue_submit(ring)
            if accepted == -UringErrno.busy || accepted == -UringErrno.again {
                guard reapToBacklog() > 0 else { throw UringError(.submit, errno: -accepted) }
                continue
            }
            guard accepted >= 0 else { throw UringError(.submit, errno: -accepted) }
            total += Int(accepted)
            if deferredSubmissions.isEmpty { break }
        }
        return total
    }

    mutating func queueDeferred() {
        guard !deferredSubmissions.isEmpty else { return }
        var queued = 0
        while queued < deferredSubmissions.count, tryPush(deferredSubmissions[queued]) { queued += 1 }
        deferredSubmissions.removeFirst(queued)
    }

    mutating func recycleArena() {
        if deferredSubmissions.isEmpty, unsafe curing_queue_unsubmitted(ring) == 0 { arena.reset() }
    }

    /// Makes room in the completion queue. Not through ``reaped``: a batch of that may be being handed out.
    mutating func reapToBacklog() -> Int {
        // Safe: the closure initialises what it says.
        let found = unsafe [curing_completion](unsafeUninitializedCapacity: QueueState.reapBatch) { room, count in
            count = unsafe Int(curing_queue_reap(ring, room.baseAddress, UInt32(room.count)))
        }
        backlog += found
        return found.count
    }
}
