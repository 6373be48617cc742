// Edges of the ownership machine: each is counted when it happens and never reset; levels are their differences.

/// Written by the owner's thread only, plain additions.
@frozen @usableFromInline
struct GroupCounters {
    /// Buffers that completions named.
    @usableFromInline var selected = 0
    /// Given back on the owner's thread.
    @usableFromInline var recycled = 0
    /// Given back on other threads and drained since.
    @usableFromInline var returned = 0
    /// Bytes in selected buffers.
    @usableFromInline var receivedBytes = 0
    /// The most buffers that were ever out at once.
    @usableFromInline var peakLent = 0
    var published = 0
    var publishes = 0
    var starvations = 0
    var avoidableStarvations = 0

    @usableFromInline init() {}

    /// Buffers out of the group's hands, those waiting on the return stack included.
    @inlinable var out: Int { selected &- recycled &- returned }
}
