// How much of the pool one flow may hold.

/// A dynamic threshold, as in the shared memory of a switch: a flow may hold at most a quarter of what is free now, and
/// never more than a fixed number. However many slow readers there are, some of the pool stays free, and a flow that
/// holds nothing may always ask for one buffer.
struct FairShare {
    /// The most that a flow may ever hold.
    let ceiling: Int

    /// Enough bytes in flight for a fast connection: 64 KiB to 1 MiB move as many bits per second through one thread,
    /// and what waits longer only turns cold in the cache.
    private static let comfortableBytes = 128 * 1024

    /// Whether one request may take several buffers. A bundle can bring up to 256 more than it was asked for (the
    /// kernel's second pass knows no limit), and a multishot receive goes on while its cancellation is under way: in a
    /// small pool that could be everything.
    let allowsMany: Bool

    init(capacity: Int, bufferSize: Int) {
        ceiling = max(1, min(capacity / 4, max(FairShare.comfortableBytes / bufferSize, 4)))
        allowsMany = capacity >= 1024
    }

    /// How many buffers a flow that holds `held` may still take while `free` are free.
    func allowance(held: Int, free: Int) -> Int {
        let left = min(ceiling, free / 4) - held
        return held == 0 ? max(1, left) : max(0, left)
    }
}
