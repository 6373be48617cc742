// A kernel without an io_uring: buffer rings in real memory, streams, requests and completions.

internal import Glibc
public import UringBuffers

/// Simulates the consumer of buffer rings: selects, fills, commits and completes as Linux does, on one thread and
/// without a system call.
///
/// For tests and fuzzers of whatever stands on a buffer pool: bytes come from ``SimulatedStream``s, what the real kernel
/// leaves open comes from a ``Schedule``, and everything can be replayed. Buffers, ring memory and handles are real; a
/// ``BufferGroup`` made by ``makeGroup(id:capacity:bufferSize:consumption:refill:wakeOnReturn:)`` does not know the difference.
///
/// ```swift
/// let kernel = SimulatedKernel(schedule: Schedule(seed: 7))
/// let group = try kernel.makeGroup(id: 0, capacity: 8, bufferSize: 64)
/// let stream = kernel.makeStream(.tcp)
/// kernel.receive(from: stream, into: 0, options: .multishot, tag: 1)
/// stream.send(Array("hello".utf8))
/// kernel.settle()
/// while let completion = kernel.nextCompletion() {
///     switch group.take(result: completion.result, flags: completion.flags) { … }
/// }
/// ```
///
/// With ``Schedule/exact`` results and flags are those of Linux 6.18, bit for bit: the project's tests compare them
/// step by step. Simulated are receives (one-shot, multishot, bundles, limits and budgets), reads of pipes, and
/// cancellation; not sends, `MSG_WAITALL`, `MSG_TRUNC`, and more than one request at a time on one stream in the order
/// in which Linux would wake them. A kernel and everything made by it belong to one thread at a time.
public final class SimulatedKernel {
    /// What the real kernel leaves open.
    public var schedule: Schedule

    private let completionEntries: Int
    var rings: [UInt16: SimulatedRing] = [:]
    private var submitted: [Submission] = []
    private var unfinished: [SimulatedReceive] = []
    /// Woken requests, oldest first.
    private var work: [SimulatedReceive] = []
    private var streams: [SimulatedStream] = []
    private var posted: [(completion: SimulatedCompletion, mayBeOvertaken: Bool)] = []
    /// How many buffers the first pass of the next bundles may take: Linux re-uses the vector of the request that
    /// ended last on the same io_uring, and a new request that gets none takes one buffer.
    var vectorLengths: [Int] = []

    private enum Submission {
        case receive(SimulatedReceive)
        case cancel(target: UInt64, tag: UInt64?)
    }

    /// - Parameter completionEntries: how many completions the queue holds. Multishot requests that find it full end
    ///   with the completion that did not fit; nothing is lost.
    public init(schedule: Schedule = .exact, completionEntries: Int = .max) {
        self.schedule = schedule
        self.completionEntries = completionEntries
    }

    // MARK: What a test does

    /// A new stream. It must not outlive the kernel.
    public func makeStream(_ kind: SimulatedStream.Kind) -> SimulatedStream {
        let stream = SimulatedStream(kind, kernel: self)
        streams.append(stream)
        return stream
    }

    /// Submits a receive that selects from `group`; ``run()`` starts it.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of one completion; 0 for what fits. Not for multishot reads of pipes.
    ///   - budget: bytes after which a multishot request ends by itself; 0 for none. Not for pipes.
    ///   - tag: comes back in the request's completions.
    public func receive(
        from stream: SimulatedStream, into group: BufferGroupID, options: SimulatedReceiveOptions = [], limit: Int = 0,
        budget: Int = 0, tag: UInt64
    ) {
        demand(
            stream.kind != .pipe || (options.isDisjoint(with: [.bundle, .pollFirst]) && budget == 0),
            "pipes are read, and reads know no bundles, no poll first and no budget")
        demand(limit >= 0 && budget >= 0, "lengths are not negative")
        demand(options.contains(.multishot) || budget == 0, "EINVAL: only multishot requests have a budget")
        demand(
            stream.kind != .pipe || !options.contains(.multishot) || limit == 0,
            "EINVAL: multishot reads have no limit")
        let request = SimulatedReceive(
            tag: tag, stream: stream, group: group, options: options, limit: limit, budget: budget)
        submitted.append(.receive(request))
    }

    /// Submits the cancellation of the oldest request with a tag (`IORING_OP_ASYNC_CANCEL`); ``run()`` does it. The
    /// request ends with `ECANCELED`. With a `tag` the cancellation completes as well: 0, or `ENOENT` when there was
    /// nothing to cancel.
    public func cancel(_ target: UInt64, tag: UInt64? = nil) { submitted.append(.cancel(target: target, tag: tag)) }

    /// Does what can be done now: lets sent bytes arrive, starts what was submitted, runs what was woken. Like one
    /// `io_uring_enter` that does not wait.
    public func run() {
        for stream in streams where stream.hasMoreInFlight {
            let amount = stream.amountInFlight
            land(amount - schedule.choose(.fragmentation, below: amount + 1), at: stream)
        }
        let submissions = submitted
        submitted = []
        for submission in submissions { start(submission) }
        while !work.isEmpty { perform(work.remove(at: schedule.choose(.runOrder, below: work.count))) }
    }

    /// Runs until everything that was sent has arrived and nothing is left to do.
    public func settle() {
        repeat { run() } while !submitted.isEmpty || streams.contains { $0.hasMoreInFlight }
    }

    /// The next completion, if there is one.
    public func nextCompletion() -> SimulatedCompletion? {
        guard !posted.isEmpty else { return nil }
        return posted.remove(at: overtaking()).completion
    }

    /// Whether a multishot request may go on after its next completion.
    var hasRoomForCompletions: Bool { posted.count < completionEntries }

    /// Requests whose final completion was not posted yet.
    public var armedRequests: Int { unfinished.count }

    // MARK: Completions

    /// Which of the posted completions comes out: the oldest, or one that may overtake all before it.
    private func overtaking() -> Int {
        guard schedule.mischief.contains(.completionOrder) else { return 0 }
        let candidates = posted.indices.prefix(8).filter { index in
            let tag = posted[index].completion.tag
            return posted[index].mayBeOvertaken
                && posted[..<index].allSatisfy { $0.mayBeOvertaken && $0.completion.tag != tag }
        }
        guard !candidates.isEmpty else { return 0 }
        return candidates[schedule.choose(.completionOrder, below: candidates.count)]
    }

    func post(_ request: SimulatedReceive, result: Int, flags: CompletionFlags) {
        let isIncremental = rings[request.group.rawValue]?.consumption.isIncremental ?? false
        let mayBeOvertaken =
            !isIncremental && (request.buffersTaken < 2 || schedule.mischief.contains(.bundleOrder))
        posted.append(
            (SimulatedCompletion(tag: request.tag, result: Int32(result), flags: flags), mayBeOvertaken))
        if !flags.contains(.more) { finish(request) }
    }

    private func finish(_ request: SimulatedReceive) {
        request.state = .finished
        unfinished.removeAll { $0 === request }
    }

    // MARK: Running

    private func start(_ submission: Submission) {
        switch submission {
        case .receive(let request):
            request.vectorLength = request.stream.kind == .pipe ? 0 : vectorLengths.popLast() ?? 0
            unfinished.append(request)
            if attempt(request, woken: false) != .finished { arm(request) }
        case .cancel(let target, let tag):
            let found = unfinished.first { $0.tag == target && !$0.isOutOfReach }
            if let found {
                found.isCancelled = true
                wake(found)
            }
            guard let tag else { return }
            posted.append((SimulatedCompletion(tag: tag, result: found == nil ? -ENOENT : 0, flags: []), true))
        }
    }

    private func perform(_ request: SimulatedReceive) {
        request.state = .armed
        request.isOutOfReach = false
        if request.isCancelled { return cancelNow(request) }
        guard request.isMultishot else {
            if attempt(request, woken: true) == .again { arm(request) }
            return
        }
        performMultishot(request)
    }

    /// Each wake-up lets a multishot request go on until its stream is empty. That the stream has *ended* as well is
    /// noticed only if there was more than one wake-up: Linux 6.18 never reports the end to a request that was armed
    /// when bytes and end had both arrived, and whose first attempt came after a poll.
    private func performMultishot(_ request: SimulatedReceive) {
        repeat {
            var answered = request.wakeUps
            if request.stream.isReadable {
                if answered > 1 && request.stream.hasEnded { answered -= 1 }
                switch attempt(request, woken: true) {
                case .finished: return
                case .later: return queue(request)
                case .again: break
                }
                // What is left in a pipe, or its end, wakes its readers at once.
                if request.stream.kind == .pipe && request.stream.isReadable { request.wakeUps += 1 }
            }
            request.wakeUps -= answered
        } while request.wakeUps > 0
    }

    private func cancelNow(_ request: SimulatedReceive) {
        var flags: CompletionFlags = []
        if let bid = takeBufferWithoutBytes(request) { flags = .carrying(bid) }
        post(request, result: Int(-ECANCELED), flags: flags)
    }

    private func arm(_ request: SimulatedReceive) {
        request.state = .armed
        request.isPolled = true
        request.wakeUps = 0
        guard request.stream.isReadable else { return }
        request.isOutOfReach = !request.isMultishot
        wake(request)
    }

    private func wake(_ request: SimulatedReceive) {
        guard request.state == .armed || request.state == .woken else { return }
        request.wakeUps += 1
        if request.state == .armed { queue(request) }
    }

    private func queue(_ request: SimulatedReceive) {
        request.state = .woken
        work.append(request)
    }

    func arrive(at stream: SimulatedStream) {
        if stream.hasMoreInFlight {
            guard !schedule.mischief.contains(.fragmentation) else { return }
            land(stream.amountInFlight, at: stream)
        } else {
            wakeReaders(of: stream)
        }
    }

    private func land(_ amount: Int, at stream: SimulatedStream) {
        guard amount > 0 else { return }
        stream.land(amount)
        wakeReaders(of: stream)
        // The end follows the bytes, and wakes by itself.
        if stream.hasEnded { wakeReaders(of: stream) }
    }

    private func wakeReaders(of stream: SimulatedStream) {
        for request in unfinished where request.stream === stream { wake(request) }
    }
}

extension CompletionFlags {
    /// The flags of a completion that a buffer belongs to.
    static func carrying(_ bid: UInt16) -> CompletionFlags {
        CompletionFlags(rawValue: CompletionFlags.buffer.rawValue | UInt32(bid) << 16)
    }
}
