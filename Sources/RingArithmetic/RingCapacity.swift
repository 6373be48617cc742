// The number of entries a buffer ring may have.

/// The entry count of a buffer ring: a power of two from 1 to 32768.
///
/// 32768 is the largest count for which 16-bit indices tell a full ring from an empty one
/// (`IORING_REGISTER_PBUF_RING`, `io_uring_buf_reg.ring_entries`).
@frozen
public struct RingCapacity: Hashable, Sendable {
    /// The entry count minus one: selects the slot bits of an index (`io_uring_buf_ring_mask`).
    public let mask: UInt16

    /// The number of entries, 1...32768.
    @inlinable public var entries: Int { Int(mask) + 1 }

    /// The same number where 16-bit arithmetic is wanted; 32768 fits.
    @inlinable var entries16: UInt16 { mask &+ 1 }

    /// A capacity of exactly `entries` entries.
    ///
    /// - Throws: ``IllegalCapacity`` unless `entries` is one of the sixteen legal values.
    @inlinable
    public init(_ entries: Int) throws(IllegalCapacity) {
        guard entries >= 1, entries <= 32768, entries & (entries - 1) == 0 else {
            throw IllegalCapacity(entries: entries)
        }
        mask = UInt16(entries - 1)
    }

    /// The smallest legal capacity that holds `count` entries, or `nil` when `count` is not in 1...32768.
    @inlinable
    public init?(covering count: Int) {
        guard count >= 1, count <= 32768 else { return nil }
        var entries = 1
        while entries < count { entries *= 2 }
        mask = UInt16(entries - 1)
    }

    /// All sixteen legal capacities, ascending.
    public static var all: [RingCapacity] {
        (0..<16).map { RingCapacity(mask: UInt16((1 << $0) - 1)) }
    }

    @inlinable init(mask: UInt16) { self.mask = mask }
}

extension RingCapacity: Comparable {
    @inlinable
    public static func < (a: RingCapacity, b: RingCapacity) -> Bool { a.mask < b.mask }
}

extension RingCapacity: CustomStringConvertible {
    public var description: String { "\(entries)" }
}

/// An entry count that no buffer ring can have.
public struct IllegalCapacity: Error, Hashable, Sendable, CustomStringConvertible {
    /// The count that was asked for.
    public let entries: Int

    @usableFromInline init(entries: Int) { self.entries = entries }

    public var description: String {
        "a ring cannot have \(entries) entries; legal are "
            + RingCapacity.all.map(\.description).joined(separator: ", ")
    }
}
