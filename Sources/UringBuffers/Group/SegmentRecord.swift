// Incremental consumption: who still holds a buffer that comes in segments.

internal import Synchronization

/// What an incremental group knows of one buffer beyond its ``BufferRecord``.
///
/// A buffer has holders: the kernel, until it is done with it, and every segment that is out. Segments end on any
/// thread, so they share a count; the kernel's hold and the number of segments taken are the owner's:
///
///      holders     −1 for each segment that ended;  + taken, once, when the kernel is done
///
/// Before the kernel is done the count is 0 or below, so no end can bring it to 0; from then on it is the number of
/// segments that are out, and whoever brings it to 0 gives the buffer back.
struct SegmentRecord: ~Copyable {
    /// Bytes that the kernel has filled.
    var cursor: UInt32 = 0
    /// Segments taken since the buffer was published.
    var taken: Int32 = 0
    private let holders = Atomic<Int32>(0)

    /// One segment ended. Returns whether it was the last holder. Any thread.
    func end() -> Bool {
        // Release, so that the last use of these bytes comes before the buffer's reuse; acquire for the last one, which
        // brings the others' uses along.
        holders.subtract(1, ordering: .acquiringAndReleasing).oldValue == 1
    }

    /// How many segments are out while the kernel is not done.
    var out: Int32 { taken + holders.load(ordering: .acquiring) }

    /// The kernel is done. Returns how many segments are out.
    func kernelIsDone() -> Int32 { holders.add(taken, ordering: .acquiringAndReleasing).newValue }

    /// The buffer was published again, or belongs to one segment alone.
    mutating func reset() {
        cursor = 0
        taken = 0
        holders.store(0, ordering: .relaxed)
    }
}
