// Who decides what the kernel leaves open: nobody, a seed, or a fuzzer's bytes.

/// The decisions of a ``SimulatedKernel`` that a real kernel may take either way.
///
/// Every decision is a number below a bound, and 0 always means what an idle machine does: all that was sent has
/// arrived, requests run in the order they were woken, completions come in order. ``exact`` always decides 0.
public struct Schedule: Sendable {
    /// What a schedule may do. All of it is legal: programs that break under one of these are broken.
    public struct Mischief: OptionSet, Hashable, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Sent bytes arrive in pieces of any size, at any later ``SimulatedKernel/run()``.
        public static let fragmentation = Mischief(rawValue: 1 << 0)
        /// Requests that are ready run in any order.
        public static let runOrder = Mischief(rawValue: 1 << 1)
        /// Completions of different requests on rings of whole buffers overtake each other, as kernels before May 2025
        /// and worker threads let them. Those of one request never do, nor any on incremental rings.
        public static let completionOrder = Mischief(rawValue: 1 << 2)
        /// `ENOBUFS` although buffers are published: the request looked before they were.
        public static let starvation = Mischief(rawValue: 1 << 3)
        /// A multishot request ends with a filled buffer and without `IORING_CQE_F_MORE`, as when the completion
        /// queue overflows.
        public static let earlyEnd = Mischief(rawValue: 1 << 4)
        /// The end of a stream, an error or a cancellation comes with a buffer, which is used up: the request ran on a
        /// worker thread (`IOSQE_ASYNC`), which takes its buffer before it has bytes. Rings of whole buffers only.
        public static let buffersWithoutBytes = Mischief(rawValue: 1 << 5)
        /// Bundles take fewer buffers than would fit.
        public static let narrowBundles = Mischief(rawValue: 1 << 6)

        /// Lets completions overtake bundles of several buffers, too: kernels before Linux 6.15 can, with one-shot and
        /// multishot requests on one ring. Not in ``all``: ``BufferGroup`` reads the buffers of a bundle from the ring
        /// when it is taken, and must take bundles in order.
        public static let bundleOrder = Mischief(rawValue: 1 << 7)

        /// Everything that may happen on Linux 6.15 and later.
        public static let all: Mischief = [
            .fragmentation, .runOrder, .completionOrder, .starvation, .earlyEnd, .buffersWithoutBytes, .narrowBundles,
        ]
    }

    private enum Source {
        case exact
        case seed(SplitMix64)
        case bytes([UInt8], next: Int)
    }

    private var source: Source
    /// What this schedule may do.
    public var mischief: Mischief

    /// Nothing is left open: completions are bit for bit those of Linux 6.18 on an idle machine.
    public static var exact: Schedule { Schedule(source: .exact, mischief: []) }

    /// Decisions that follow from a seed.
    public init(seed: UInt64, mischief: Mischief = .all) {
        self.init(source: .seed(SplitMix64(seed: seed)), mischief: mischief)
    }

    /// Decisions that follow from bytes, one byte each; when they are used up, everything is decided 0. For fuzzers,
    /// which then shrink schedules as they shrink any other input.
    public init(bytes: [UInt8], mischief: Mischief = .all) {
        self.init(source: .bytes(bytes, next: 0), mischief: mischief)
    }

    private init(source: Source, mischief: Mischief) {
        self.source = source
        self.mischief = mischief
    }

    /// A number in 0..<bound. Bounds above 256 take only the lower 256 from a fuzzer's byte.
    mutating func choose(below bound: Int) -> Int {
        guard bound > 1 else { return 0 }
        switch source {
        case .exact:
            return 0
        case .seed(var generator):
            let choice = generator.below(bound)
            source = .seed(generator)
            return choice
        case .bytes(let bytes, let next):
            guard next < bytes.count else { return 0 }
            source = .bytes(bytes, next: next + 1)
            return Int(bytes[next]) % bound
        }
    }

    /// A number in 0..<bound if this schedule may do `kind`, else 0.
    mutating func choose(_ kind: Mischief, below bound: Int) -> Int {
        mischief.contains(kind) ? choose(below: bound) : 0
    }

    /// Whether to do `kind` now: once in `odds` times on average, and never when everything is decided 0.
    mutating func happens(_ kind: Mischief, oneIn odds: Int) -> Bool { choose(kind, below: odds) == odds - 1 }
}
