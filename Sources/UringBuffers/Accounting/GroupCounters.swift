// Edges of the ownership machine: each is counted when it happens and never reset; levels are their differences.

internal import Synchronization

/// Written by the owner's thread only. How they lead to the states of buffers: ``GroupSnapshot/Edges``.
@frozen @usableFromInline
struct GroupCounters: ~Copyable {
    /// Bytes in completions.
    @usableFromInline let receivedBytes = OwnedWord()
    /// Entries published.
    @usableFromInline let published = OwnedWord()
    /// Given back on other threads and drained since.
    @usableFromInline let returned = OwnedWord()
    @usableFromInline let publishes = OwnedWord()
    /// Incremental: buffers that became partial, and that the kernel is done with; and what stayed free in the latter.
    @usableFromInline let partialsBegun = OwnedWord()
    @usableFromInline let partialsFinished = OwnedWord()
    @usableFromInline let unusedBytes = OwnedWord()
    @usableFromInline let starvations = OwnedWord()
    @usableFromInline let avoidableStarvations = OwnedWord()
    /// Nanoseconds without a buffer; and since when there is none, 0 while there are some.
    @usableFromInline let starvedNanoseconds = OwnedWord()
    @usableFromInline let starvedSince = OwnedWord()
    @usableFromInline let trimmedBytes = OwnedWord()
    @usableFromInline let auditFailures = OwnedWord()
    /// The fewest published buffers before a publish. Not the first.
    @usableFromInline let lowWater = OwnedWord(.max)
    /// Receives that wait, for readers.
    @usableFromInline let waiting = OwnedWord()
    /// Buffers that were out when the group was dropped.
    @usableFromInline let outAtDrop = OwnedWord()

    init() {}
}

/// Counted by whoever owns the buffers, on any thread.
struct SharedCounters: ~Copyable {
    let zeroCopySends = Atomic<Int>(0)
    let zeroCopyNotifications = Atomic<Int>(0)
    let copiedSends = Atomic<Int>(0)
    /// Buffers that entered the state sending, and that left it.
    let leased = Atomic<Int>(0)
    let unleased = Atomic<Int>(0)
    let leaked = Atomic<Int>(0)
}
