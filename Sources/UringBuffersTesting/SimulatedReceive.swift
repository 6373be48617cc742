// One receive request: what was asked for, and what the kernel remembers between attempts.

public import UringBuffers

/// How a simulated receive behaves (`struct io_uring_sqe.ioprio`).
public struct SimulatedReceiveOptions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Completes again and again (`IORING_RECV_MULTISHOT`, `IORING_OP_READ_MULTISHOT`).
    public static let multishot = SimulatedReceiveOptions(rawValue: 1 << 0)
    /// One completion may cover several buffers (`IORING_RECVSEND_BUNDLE`). Not for pipes.
    public static let bundle = SimulatedReceiveOptions(rawValue: 1 << 1)
    /// Looks for a buffer only when there is something to receive (`IORING_RECVSEND_POLL_FIRST`). Not for pipes.
    public static let pollFirst = SimulatedReceiveOptions(rawValue: 1 << 2)
}

/// What the kernel posts: the same three numbers that `struct io_uring_cqe` has.
public struct SimulatedCompletion: Hashable, Sendable {
    public let tag: UInt64
    public let result: Int32
    public let flags: CompletionFlags

    public init(tag: UInt64, result: Int32, flags: CompletionFlags) {
        self.tag = tag
        self.result = result
        self.flags = flags
    }
}

/// A request between its submission and its final completion. The comments name what Linux calls the field.
final class SimulatedReceive {
    enum State {
        /// Submitted, not looked at yet.
        case submitted
        /// Waits for the stream to become readable.
        case armed
        /// Woken: will be attempted at the next opportunity.
        case woken
        case finished
    }

    let tag: UInt64
    let stream: SimulatedStream
    let group: BufferGroupID
    let options: SimulatedReceiveOptions
    /// The most bytes of each completion, 0 for no limit (`mshot_len`).
    let limit: Int
    var state = State.submitted
    var isCancelled = false
    /// Wake-ups that were not answered yet (`poll_refs`).
    var wakeUps = 0
    /// On its way to an attempt without waiting: a cancellation does not find it.
    var isOutOfReach = false

    /// Bytes of the budget that are left; `nil` without one (`mshot_total_len`).
    var budget: Int?
    /// What this attempt may transfer, 0 for what fits. An attempt that found nothing leaves the length of the buffer
    /// that it had selected here (`sr->len`, `rw->len`).
    var length: Int
    /// The last selection reached the end of the ring, whatever was published since (`REQ_F_BL_EMPTY`).
    var sawLastBuffer = false
    /// Bytes of the bundle's first pass (`done_io`).
    var bytesOfFirstPass = 0
    /// Flags of the bundle's first pass.
    var flagsOfFirstPass: CompletionFlags = []
    /// This is the second pass of a bundle (`IORING_RECV_RETRY`).
    var isSecondPass = false
    /// A buffer was cut short by the limit (`IORING_RECV_PARTIAL_MAP`).
    var cutShort = false
    /// A completion reached the limit (`IORING_RECV_MSHOT_CAP`).
    var reachedLimit = false
    /// What the socket said was left (`msg_inq`).
    var leftBehind = 0
    /// How many buffers a first pass without knowledge of the amount may take (`vec.nr`); 0 stands for one.
    var vectorLength = 0
    /// Buffers of the completion to come.
    var buffersTaken = 0
    /// The last transfer filled every selected byte.
    var filledEverything = false
    /// Completions in a row without making room for others (`nr_multishot_loops`).
    var completionsInARow = 0
    /// Went through poll once (`REQ_F_POLLED`).
    var isPolled = false

    init(
        tag: UInt64, stream: SimulatedStream, group: BufferGroupID, options: SimulatedReceiveOptions, limit: Int,
        budget: Int
    ) {
        self.tag = tag
        self.stream = stream
        self.group = group
        self.options = options
        self.limit = limit
        self.budget = budget > 0 ? budget : nil
        length = limit
    }

    var isMultishot: Bool { options.contains(.multishot) }
    var isBundle: Bool { options.contains(.bundle) }

    /// Forgets what belonged to the completion that was just posted.
    func startOver() {
        sawLastBuffer = false
        buffersTaken = 0
        bytesOfFirstPass = 0
        isSecondPass = false
        cutShort = false
        length = limit
    }
}
