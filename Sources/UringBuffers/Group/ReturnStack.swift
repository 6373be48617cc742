// Returns from other threads: an intrusive lock-free stack that the owner empties with one exchange.

internal import Synchronization

/// The stack of buffers that ended on another thread than the owner's.
///
/// One 64-bit word, and one link for each bid:
///
///      bit 63     closed: the group is gone, the middle field counts buffers still out
///      bits 16-47 how many are on the stack
///      bits 0-15  the bid on top, or 0xffff
///
/// *push* links the bid to the top it read and swaps the word with one compare-exchange; *drain* takes everything with
/// one exchange. A push depends on nothing but the word that it replaces, whose top it has just linked to, and drains take
/// all: when a word returns to an old value between the two steps, the push is as right as before, so ABA does no harm. Release on push and acquire on drain order the last use of
/// the memory before its reuse. Once closed, pushes only count down, and whoever reaches zero frees the group.
@safe
@usableFromInline
struct ReturnStack: ~Copyable {
    /// On a cache line of its own (and its neighbour's: prefetchers pull pairs).
    private let word: UnsafeMutablePointer<Atomic<UInt64>>
    private let links: UnsafeMutablePointer<UInt16>

    static let none: UInt16 = 0xffff
    private static let empty = UInt64(none)
    private static let closed: UInt64 = 1 << 63

    init(links: UnsafeMutablePointer<UInt16>) {
        // Safe: 128 aligned bytes of our own hold the 8-byte atomic.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 128)
        unsafe word = memory.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
        unsafe word.initialize(to: Atomic(ReturnStack.empty))
        unsafe self.links = unsafe links
    }

    deinit {
        unsafe word.deinitialize(count: 1)
        unsafe UnsafeMutableRawPointer(word).deallocate()
    }

    /// What a push came to.
    enum Outcome { case pushed, stillOut, lastOne }

    /// Pushes the chain `first … last` of `count` buffers, linked through ``links``. Any thread.
    func push(first: UInt16, last: UInt16, count: Int) -> Outcome {
        var seen = unsafe word.pointee.load(ordering: .relaxed)
        while true {
            let desired: UInt64
            if seen & ReturnStack.closed != 0 {
                desired = seen - UInt64(count) << 16
            } else {
                unsafe links[Int(last)] = UInt16(truncatingIfNeeded: seen)
                desired = (seen & ~0xffff) + UInt64(count) << 16 | UInt64(first)
            }
            let (exchanged, original) = unsafe word.pointee.weakCompareExchange(
                expected: seen, desired: desired, successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed)
            if exchanged {
                if seen & ReturnStack.closed == 0 { return .pushed }
                return ReturnStack.count(desired) == 0 ? .lastOne : .stillOut
            }
            seen = original
        }
    }

    /// Whether something waits. Owner only, one relaxed load.
    var isEmpty: Bool { unsafe word.pointee.load(ordering: .relaxed) == ReturnStack.empty }

    /// How many wait; may be out of date at once.
    var waiting: Int {
        let seen = unsafe word.pointee.load(ordering: .relaxed)
        return seen & ReturnStack.closed != 0 ? 0 : ReturnStack.count(seen)
    }

    /// How many came back since the last drain; since the close, when `out` were out then. Any thread.
    func home(outAtClose out: Int) -> Int {
        let seen = unsafe word.pointee.load(ordering: .acquiring)
        return seen & ReturnStack.closed != 0 ? out - ReturnStack.count(seen) : ReturnStack.count(seen)
    }

    /// Takes everything. Owner only. Follow ``link(of:)`` from `top` for `count` buffers.
    func drain() -> (top: UInt16, count: Int) {
        let taken = unsafe word.pointee.exchange(ReturnStack.empty, ordering: .acquiring)
        return (UInt16(truncatingIfNeeded: taken), ReturnStack.count(taken))
    }

    /// Closes the stack when `out` buffers are neither home nor on the stack, and takes what is on it. From then on
    /// pushes count `out` down.
    ///
    /// Returns how many are still out; when it is 0 the caller frees the group, otherwise the last push does.
    func close(out: Int) -> Int {
        var seen = unsafe word.pointee.load(ordering: .relaxed)
        while true {
            let remaining = out - ReturnStack.count(seen)
            let (exchanged, original) = unsafe word.pointee.weakCompareExchange(
                expected: seen, desired: ReturnStack.closed | UInt64(remaining) << 16,
                successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed)
            if exchanged { return remaining }
            seen = original
        }
    }

    /// The buffer beneath `bid`.
    func link(of bid: UInt16) -> UInt16 { unsafe links[Int(bid)] }

    private static func count(_ word: UInt64) -> Int { Int(truncatingIfNeeded: (word & ~closed) >> 16) }
}
