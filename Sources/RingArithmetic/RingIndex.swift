// Free-running positions of a buffer ring.

/// A head or a tail: a 16-bit counter that wraps at 65536, whatever the ring's capacity.
///
///      position   65533 65534 65535     0     1     2      wraps by itself
///      slot of 4      1     2     3     0     1     2      masked only to touch memory
///
/// Indices are never masked when they are kept or compared: a full ring (tail − head = capacity) and an empty one
/// (tail = head) name the same slot and differ only in the bits above the mask.
@frozen
public struct RingIndex: Hashable, Sendable {
    /// The counter as the kernel sees it.
    public var rawValue: UInt16

    @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// The position where every ring starts.
    @inlinable public static var zero: RingIndex { RingIndex(0) }

    /// The position `count` steps further on, modulo 65536.
    @inlinable
    public func advanced(by count: UInt16) -> RingIndex { RingIndex(rawValue &+ count) }

    /// Moves `count` steps on, modulo 65536.
    @inlinable
    public mutating func advance(by count: UInt16) { rawValue &+= count }

    /// How many steps lead from `earlier` to here, 0...65535. Wraps like the counters do: no order is implied.
    @inlinable
    public func distance(from earlier: RingIndex) -> UInt16 { rawValue &- earlier.rawValue }

    /// The slot that this position uses in a ring of `capacity` entries, 0..<capacity.
    @inlinable
    public func slot(in capacity: RingCapacity) -> Int { Int(rawValue & capacity.mask) }
}

extension RingIndex: CustomStringConvertible {
    public var description: String { "\(rawValue)" }
}
