// One direction of a connection: what arrives on one socket leaves on another, in the same buffers.

import UringBuffers
import UringQueue

///      source ──receive──▶ pending ──send──▶ sink           held = pending + sending, bounded by the fair share
///
/// At most one receive and one send are under way. While a send is, what arrives is appended to `pending`, and leaves
/// as one gathered send afterwards. A zero-copy send makes room for the next at its result, but its buffers are lent to
/// the kernel until its notification; several may wait for theirs, so each carries its number of buffers in its tag.
struct Flow: ~Copyable {
    enum Receiving { case idle, waitingForSink, armed, stopping, starved }

    let source: Int32
    let sink: Int32
    let slot: Int
    let side: Side
    /// Whom its buffers are charged to.
    let holder: OwnerTag

    private var pending: BufferBundle?
    /// How many buffers those are: neighbouring pieces of one buffer count once.
    private var pendingBuffers = 0
    /// Where the last piece of them lies, if that is known.
    private var lastPending: BufferID?
    /// Buffers that were received and are not sent yet.
    private(set) var held = 0
    private var isSending = false
    private var sendingBytes = 0
    /// Zero-copy sends that are done but for their notifications, and the buffers that the kernel still reads for them.
    private var unnotified = 0
    private var lent = 0
    private var receiving = Receiving.idle
    /// The last completion with data filled a buffer at least.
    private var isBulk = false
    /// Requests whose last completion did not come yet.
    private(set) var requests = 0
    /// Nothing more is read from the source.
    private var sourceEnded = false
    /// The source failed: the connection is to be broken off.
    private var sourceFailed = false
    /// A request watches the source for a reset.
    private var isWatched = false
    /// Nothing more is written to the sink: it was shut down, or it failed.
    private(set) var sinkEnded = false
    /// The sink failed before everything was sent.
    private(set) var sinkFailed = false

    init(source: Int32, sink: Int32, slot: Int, side: Side, holder: OwnerTag = .none) {
        self.source = source
        self.sink = sink
        self.slot = slot
        self.side = side
        self.holder = holder
    }

    /// Whether nothing more will happen.
    var isOver: Bool { sourceEnded && sinkEnded && requests == 0 }

    /// Whether nothing but notifications is to come.
    var hasOnlyNotificationsDue: Bool { requests == unnotified }

    /// Whether the source was reset: what is held is not worth waiting for a sink that may never take it.
    var hasFailed: Bool { sourceFailed }

    private func tag(_ kind: RelayTag.Kind) -> RelayTag { RelayTag(kind, slot: slot, side: side) }

    // MARK: Receiving

    /// Arms a receive unless one is armed, the source ended, or the flow holds its share.
    mutating func arm(_ io: borrowing RelayIO) {
        guard receiving == .idle || receiving == .starved, !sourceEnded else { return }
        switch io.allowance(held: held) {
        case .buffers(let count, let mayOvershoot): receive(count, mayOvershoot: mayOvershoot, io)
        case .afterSink:
            io.queue.pollWritable(sink, tag: tag(.sinkReady).rawValue)
            receiving = .waitingForSink
            requests += 1
            watchSource(io)
        case .none:
            receiving = .idle
            watchSource(io)
        }
    }

    private mutating func receive(_ count: Int, mayOvershoot: Bool, _ io: borrowing RelayIO) {
        io.receive(
            from: source, allowance: count, mayOvershoot: mayOvershoot, isBulk: isBulk, tag: tag(.receive))
        receiving = .armed
        requests += 1
    }

    /// While nothing is received, a reset of the source would go unnoticed, and what is held be kept for nobody.
    private mutating func watchSource(_ io: borrowing RelayIO) {
        guard !isWatched else { return }
        isWatched = true
        io.queue.pollHangUp(source, tag: tag(.hangUp).rawValue)
        requests += 1
    }

    /// The source was hung up: `isReset` tells whether that means more than that it sends nothing more, which the next
    /// receive will tell.
    mutating func sourceHungUp(isReset: Bool) {
        requests -= 1
        isWatched = false
        if isReset { sourceFailed = true }
    }

    /// The sink can be written, or the question was cancelled.
    mutating func sinkIsReady(_ io: borrowing RelayIO) {
        requests -= 1
        receiving = .idle
        if sourceEnded { endSinkWhenSent(io) } else { receive(1, mayOvershoot: false, io) }
    }

    /// Takes what a receive brought. Returns whether the flow has to wait for buffers; then call `arm` when some are
    /// back.
    mutating func received(_ completion: Completion, _ io: borrowing RelayIO) -> Bool {
        if completion.isFinal {
            requests -= 1
            receiving = .idle
        }
        switch io.group.take(completion, tag: holder) {
        case .buffer(let buffer): deliver(BufferBundle(buffer), first: completion.flags.bufferID, io)
        case .bundle(let bundle): deliver(bundle, first: completion.flags.bufferID, io)
        case .endOfStream: sourceEnded = true
        case .starved:
            guard completion.isFinal, !sourceEnded else { break }
            receiving = .starved
            watchSource(io)
            return true
        case .failed(let error):
            if error.isCancellation { break }
            sourceEnded = true
            sourceFailed = true
        case .unbuffered(let count):
            preconditionFailure("a receive with buffer selection brought \(count) bytes without a buffer")
        }
        if receiving == .idle { arm(io) } else { stopWhenShareIsHeld(io) }
        endSinkWhenSent(io)
        return false
    }

    /// Stops receiving: the receive that is armed is cancelled, and what it still brings is sent.
    mutating func stopReceiving(_ io: borrowing RelayIO) {
        sourceEnded = true
        cancelReceive(io)
        endSinkWhenSent(io)
    }

    /// The answer to a cancellation. It may miss a receive that is running; that one is asked again when it matters.
    mutating func cancelled(_ completion: Completion, _ io: borrowing RelayIO) {
        requests -= 1
        guard completion.result < 0, receiving == .stopping else { return }
        receiving = .armed
        if sourceEnded { cancelReceive(io) }
    }

    private mutating func cancelReceive(_ io: borrowing RelayIO) {
        guard receiving == .armed || receiving == .waitingForSink else { return }
        let isArmed = receiving == .armed
        receiving = .stopping
        io.queue.cancel(
            tag: tag(isArmed ? .receive : .sinkReady).rawValue, tag: tag(isArmed ? .cancel : .unwatch).rawValue)
        requests += 1
    }

    private mutating func stopWhenShareIsHeld(_ io: borrowing RelayIO) {
        if held > 0, case .none = io.allowance(held: held) { cancelReceive(io) }
    }

    // MARK: Sending

    private mutating func deliver(_ bundle: consuming BufferBundle, first: BufferID, _ io: borrowing RelayIO) {
        isBulk = bundle.byteCount >= io.group.bufferSize
        // The sink is gone: the buffers go back at once.
        if sinkEnded { return }
        let buffers = first == lastPending ? bundle.count - 1 : bundle.count
        held += buffers
        guard isSending else { return send(bundle, buffers: buffers, io) }
        pendingBuffers += buffers
        lastPending = bundle.count == 1 ? first : nil
        append(bundle)
    }

    private mutating func append(_ bundle: consuming BufferBundle) {
        if var waiting = pending.take() {
            waiting.append(bundle)
            pending = consume waiting
        } else {
            pending = consume bundle
        }
    }

    private mutating func takePending() -> BufferBundle? {
        pendingBuffers = 0
        lastPending = nil
        return pending.take()
    }

    private mutating func send(_ bundle: consuming BufferBundle, buffers: Int, _ io: borrowing RelayIO) {
        isSending = true
        sendingBytes = bundle.byteCount
        io.send(
            bundle, to: sink, lending: lent + buffers,
            tag: RelayTag(.send, slot: slot, side: side, buffers: buffers))
        requests += 1
    }

    /// A send of `buffers` buffers ended, or the kernel reads them no more. Returns the bytes that it sent.
    mutating func sent(_ completion: Completion, buffers: Int, _ io: borrowing RelayIO) -> Int {
        if completion.isFinal { requests -= 1 }
        if completion.flags.contains(.notification) {
            unnotified -= 1
            lent -= buffers
            return 0
        }
        if !completion.isFinal {
            unnotified += 1
            lent += buffers
        }
        held -= buffers
        isSending = false
        let waitingBuffers = pendingBuffers
        if completion.result != sendingBytes || sinkEnded {
            failSink(io)
            sinkFailed = true
        } else if let waiting = takePending() {
            send(waiting, buffers: waitingBuffers, io)
        } else {
            endSinkWhenSent(io)
        }
        arm(io)
        return max(0, Int(completion.result))
    }

    mutating func shutDown() { requests -= 1 }

    /// Passes the end of the source on, once everything before it is sent.
    private mutating func endSinkWhenSent(_ io: borrowing RelayIO) {
        guard sourceEnded, !sinkEnded, !isSending, receiving == .idle || receiving == .starved else { return }
        sinkEnded = true
        stopWatching(io)
        guard !sourceFailed else { return }
        io.queue.shutdown(sink, .write, tag: tag(.shutdown).rawValue)
        requests += 1
    }

    // MARK: Breaking off

    /// The sink takes nothing more: what is left goes back to the pool.
    private mutating func failSink(_ io: borrowing RelayIO) {
        sinkEnded = true
        sourceEnded = true
        held -= pendingBuffers
        _ = takePending()
        cancelReceive(io)
        stopWatching(io)
    }

    private mutating func stopWatching(_ io: borrowing RelayIO) {
        guard isWatched else { return }
        io.queue.cancel(tag: tag(.hangUp).rawValue, tag: tag(.unwatch).rawValue)
        requests += 1
    }

    /// The answer to a cancelled question; the question's own completion tells the rest.
    mutating func unwatched() { requests -= 1 }

    /// Ends the flow without sending what is left. The caller cancels the requests on both sockets.
    mutating func breakOff(_ io: borrowing RelayIO) { failSink(io) }
}

extension UringError {
    /// The request was cancelled, by us.
    var isCancellation: Bool { symbol == "ECANCELED" }
}
