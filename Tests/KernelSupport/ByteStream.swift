// A pseudo-random stream that knows every byte by its position.

import CBareRing
public import UringBuffers

/// Writes a stream, or checks one that arrives in pieces.
public struct ByteStream: Sendable {
    public let seed: UInt64
    public private(set) var position: UInt64 = 0

    public init(seed: UInt64, at position: UInt64 = 0) {
        self.seed = seed
        self.position = position
    }

    /// Moves on over bytes that nobody looks at.
    public mutating func skip(_ count: Int) { position += UInt64(count) }

    /// The next `count` bytes.
    public mutating func next(_ count: Int) -> [UInt8] {
        defer { position += UInt64(count) }
        // The thread sanitizer sees a race in the one empty array of all threads.
        guard count > 0 else { return [] }
        // Safe: the closure initialises the whole room.
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            unsafe byte_stream_fill(seed, position, room.baseAddress, UInt64(count))
            initialized = count
        }
    }

    /// Whether these are the next bytes; moves on by as many.
    public mutating func matches(_ bytes: [UInt8]) -> Bool {
        // Safe: reads the array.
        unsafe bytes.withUnsafeBytes { unsafe matches($0) }
    }

    public mutating func matches(_ buffer: borrowing ProvidedBuffer) -> Bool {
        // Safe: reads the buffer while the handle lives.
        unsafe buffer.withUnsafeBytes { unsafe matches($0) }
    }

    /// Whether the rest of the bundle holds the next bytes; the bundle is over after that.
    public mutating func matches(_ bundle: consuming BufferBundle) -> Bool {
        var good = true
        while let buffer = bundle.next() { good = matches(buffer) && good }
        return good
    }

    @unsafe
    public mutating func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
        defer { position += UInt64(bytes.count) }
        guard let start = bytes.baseAddress else { return true }
        return unsafe byte_stream_mismatch(seed, position, start, UInt64(bytes.count)) == -1
    }
}
