// Edges of the ownership machine: each is counted when it happens and never reset; levels are their differences.

/// Written by the owner's thread only, plain additions.
@frozen @usableFromInline
struct GroupCounters {
    /// Given back on other threads and drained since.
    @usableFromInline var returned = 0
    /// Bytes in selected buffers.
    @usableFromInline var receivedBytes = 0
    /// Entries published.
    @usableFromInline var published = 0
    var publishes = 0
    var starvations = 0
    var avoidableStarvations = 0
    var trimmedBytes = 0

    init() {}
}
