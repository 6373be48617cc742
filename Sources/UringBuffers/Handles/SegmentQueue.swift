// The segments of an incremental bundle behind its first.

/// A part of one buffer, as plain numbers.
@frozen @usableFromInline
struct Segment: Hashable {
    @usableFromInline var offset: UInt32
    @usableFromInline var length: UInt32
    @usableFromInline var bid: UInt16

    @inlinable
    init(offset: UInt32, length: UInt32, bid: UInt16) {
        self.offset = offset
        self.length = length
        self.bid = bid
    }
}

/// A queue of segments, owned by one bundle. Whole buffers are chained through the group's links, one for each bid;
/// segments need a place of their own, because several bundles may hold segments of one buffer.
@usableFromInline
final class SegmentQueue {
    private var segments: [Segment] = []
    private var head = 0

    var count: Int { segments.count - head }

    /// The segment at `position`, 0..<count.
    subscript(position: Int) -> Segment { segments[head + position] }

    func append(_ segment: Segment) { segments.append(segment) }

    func append(contentsOf other: SegmentQueue) { segments += other.segments[other.head...] }

    func removeFirst() -> Segment {
        let first = segments[head]
        head += 1
        if head == segments.count {
            segments.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 64, head > segments.count / 2 {
            segments.removeFirst(head)
            head = 0
        }
        return first
    }
}
