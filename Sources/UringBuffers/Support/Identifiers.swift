// A type for each kind of 16-bit number, so that none is taken for another.

/// The label of one buffer in its group (*bid*): 0..<capacity.
@frozen
public struct BufferID: Hashable, Sendable, Comparable, CustomStringConvertible, Codable {
    public let rawValue: UInt16
    @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public static func < (a: BufferID, b: BufferID) -> Bool { a.rawValue < b.rawValue }
    public var description: String { "\(rawValue)" }
}

/// The id of a buffer group on its ring (*bgid*): any 16-bit value; below 2048 for kernel-allocated ring memory.
@frozen
public struct BufferGroupID: Hashable, Sendable, ExpressibleByIntegerLiteral, CustomStringConvertible, Codable {
    public let rawValue: UInt16
    @inlinable public init(_ rawValue: UInt16) { self.rawValue = rawValue }
    @inlinable public init(integerLiteral value: UInt16) { rawValue = value }
    public var description: String { "\(rawValue)" }
}

// A plain number in every encoding.

extension BufferID {
    public init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(UInt16.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension BufferGroupID {
    public init(from decoder: any Decoder) throws { rawValue = try decoder.singleValueContainer().decode(UInt16.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
