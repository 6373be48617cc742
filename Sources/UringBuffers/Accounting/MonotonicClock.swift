// The clock of all times in the books.

internal import CUring
import Glibc

enum MonotonicClock {
    /// Nanoseconds of `CLOCK_MONOTONIC`. About 20 ns.
    static var now: Int { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since 1970.
    static var wall: Int { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        // Safe: the call fills the one value; it cannot fail for these clocks.
        unsafe clock_gettime(clock, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }
}

/// Tells groups of this thread that a batch of completions begins: what is taken from now on gets a new time. For queues.
package func beginBatchOfCompletions() { curing_begin_batch() }
