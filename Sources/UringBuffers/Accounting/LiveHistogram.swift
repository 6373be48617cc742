// A histogram while it is being filled.

internal import Synchronization

/// As ``HoldHistogram``, in memory that never moves, so that any thread may read it.
@safe
struct LiveHistogram: ~Copyable {
    /// The sum, then the buckets.
    private let words: UnsafeMutablePointer<Atomic<Int>>
    private let buckets: Int

    /// For values up to `most`.
    init(most: Int = .max) {
        buckets = HoldHistogram.bucket(of: most) + 1
        unsafe words = .allocate(capacity: buckets + 1)
        for index in 0...buckets { unsafe (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe words.deinitialize(count: buckets + 1)
        unsafe words.deallocate()
    }

    var byteCount: Int { (buckets + 1) * MemoryLayout<Atomic<Int>>.stride }

    /// Counts a value. One thread only.
    @inline(__always)
    func add(_ value: Int) {
        let bucket = 1 + HoldHistogram.bucket(of: value)
        // Safe: the value is at most what the buckets are for.
        unsafe words[bucket].store(words[bucket].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
        unsafe words[0].store(words[0].load(ordering: .relaxed) &+ value, ordering: .relaxed)
    }

    /// The same where somebody else knows the sum.
    @inline(__always)
    func count(_ value: Int) {
        let bucket = 1 + HoldHistogram.bucket(of: value)
        unsafe words[bucket].store(words[bucket].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// Counts a value on any thread.
    func addShared(_ value: Int) {
        unsafe words[1 + HoldHistogram.bucket(of: value)].add(1, ordering: .relaxed)
        unsafe words[0].add(value, ordering: .relaxed)
    }

    /// The values so far. Those that come meanwhile may be in the sum alone, or in the counts alone.
    func read(sum: Int? = nil) -> HoldHistogram {
        var used = buckets
        while used > 0, unsafe words[used].load(ordering: .relaxed) == 0 { used -= 1 }
        // Not of no elements: the empty array is everybody's, and would be written to.
        let counts: [Int] =
            used == 0
            ? []
            : unsafe [Int](unsafeUninitializedCapacity: used) { room, count in
                for index in 0..<used { unsafe room[index] = words[1 + index].load(ordering: .relaxed) }
                count = used
            }
        return HoldHistogram(counts: counts, sum: sum ?? (unsafe words[0].load(ordering: .relaxed)))
    }
}
