// How much of the pool one flow may hold.

/// Half of what is free now is divided among all flows, up to a ceiling. So however many slow readers there are, some of
/// the pool stays free.
///
/// When that is less than one buffer each, a flow that holds nothing may still take one, but only once its sink can be
/// written: then the buffer leaves at once, and readers that stand still hold nothing.
struct FairShare {
    enum Allowance {
        /// So many buffers, 1 or more; with room for the 256 more that a bundle can bring, or without.
        case buffers(Int, mayOvershoot: Bool)
        /// One, when the sink can be written.
        case afterSink
        /// None until some are sent.
        case none
    }

    /// The most that a flow may ever hold.
    let ceiling: Int

    /// Enough bytes in flight for a fast connection; what waits longer only turns cold in the cache.
    private static let comfortableBytes = 512 * 1024

    /// All flows together overshoot by no more than this, so that memory follows the load.
    private static let overshootBytes = 8 << 20
    private let mostWithOvershoot: Int

    /// What a single receive of a bundle can bring beyond its limit: the kernel's second pass knows none.
    private static let overshoot = 256

    init(capacity: Int, bufferSize: Int) {
        ceiling = max(1, min(capacity / 4, max(FairShare.comfortableBytes / bufferSize, 4)))
        mostWithOvershoot = FairShare.overshootBytes / bufferSize
    }

    /// What a flow that holds `held` buffers may take while `free` are free and `flows` divide them.
    func allowance(held: Int, free: Int, flows: Int) -> Allowance {
        let part = free / (2 * max(1, flows))
        let left = min(ceiling, part) - held
        if left > 0 {
            let most = left + FairShare.overshoot
            return .buffers(left, mayOvershoot: most <= part - held && most * flows <= mostWithOvershoot)
        }
        return held == 0 ? .afterSink : .none
    }

    /// Whether a flow may have lent `buffers` to the kernel for zero-copy sends, while `free` others are free.
    ///
    /// They come back when its reader acknowledges them, late or never. So they are a share of their own, with room for a
    /// reader far away. What goes beyond it is sent by copying, which brings buffers back at once: a reader that stands
    /// still stops nobody else.
    func mayLend(_ buffers: Int, free: Int, flows: Int) -> Bool {
        buffers <= min(4 * ceiling, (free + buffers) / (2 * max(1, flows)))
    }
}
