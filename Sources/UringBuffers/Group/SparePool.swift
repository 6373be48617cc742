// The free buffers that are not published, in the order in which they came back.

internal import RingArithmetic

/// A stretch of bids with two ends: the warmest, which came back last and whose bytes are still in cache, and the oldest.
///
///      oldest ─▶ │ 4 │ 0 │ 7 │ 2 │ ◀─ warmest           push adds at the warm end
///                          takeWarmest(2): 7, 2
@safe
@usableFromInline
struct SparePool: ~Copyable {
    @usableFromInline let bids: UnsafeMutablePointer<UInt16>
    private let capacity: Int
    /// Positions in the memory, which has room for twice the capacity: the oldest bid, and one past the warmest.
    @usableFromInline let bottomWord: OwnedWord
    @usableFromInline let topWord: OwnedWord
    /// The memory of bids below this position was never used, or was given back. (Warm end only.)
    var untouched: Int
    /// The lowest that the warm end came down to since somebody set this.
    var lowest: Int

    /// Starts with every bid of the group in ascending blocks, the lowest block at the warm end: what is published first
    /// is the low end of the slab, in order.
    init(capacity: RingCapacity) {
        self.capacity = capacity.entries
        let top = capacity.entries
        bottomWord = OwnedWord()
        topWord = OwnedWord(top)
        untouched = top
        lowest = top
        unsafe bids = .allocate(capacity: 2 * top)
        let block = Swift.min(RefillWindow.smallest, top)
        for start in stride(from: 0, to: top, by: block) {
            // Safe: blocks and capacity are powers of two, so whole blocks fit.
            for offset in 0..<block {
                unsafe (bids + top - start - block + offset).initialize(to: UInt16(start + offset))
            }
        }
    }

    @inlinable var bottom: Int {
        get { bottomWord.value }
        nonmutating set { bottomWord.value = newValue }
    }

    @inlinable var top: Int {
        get { topWord.value }
        nonmutating set { topWord.value = newValue }
    }

    /// The number of spare buffers.
    @inlinable var count: Int { top &- bottom }

    // Inlinable because the compiler asserts when a setter that clients may inline destroys a noncopyable field.
    @inlinable deinit { unsafe bids.deallocate() }

    /// Puts one bid at the warm end. The state check of the caller makes sure that there is room.
    @inlinable
    mutating func push(_ bid: UInt16) {
        // Safe: at most the capacity lies above the bottom, which is at most the capacity.
        let top = top
        unsafe bids[top] = bid
        // For readers of the books: that it was selected came before.
        topWord.publish(top &+ 1)
    }

    /// Takes the `count` bids that came back last, and returns the position of the first of them: they follow in the
    /// order in which they came back. That keeps addresses ascending where they were, which is what the processor's
    /// prefetcher and the kernel's coalescing want. The caller checked that there are so many.
    mutating func takeWarmest(_ count: Int) -> Int {
        top &-= count
        lowest = Swift.min(lowest, top)
        return top
    }

    /// Takes the `count` bids that have been here longest, likewise.
    mutating func takeOldest(_ count: Int) -> Int {
        if bottom &+ count >= capacity {
            // Once for each time that the whole capacity went through.
            // Safe: both stretches lie inside the memory.
            unsafe bids.update(from: bids + bottom, count: self.count)
            (bottom, top) = (0, self.count)
        }
        bottom &+= count
        return bottom &- count
    }
}
