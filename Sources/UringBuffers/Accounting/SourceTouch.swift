// A place in the source, small enough to be passed along.

/// Where an owner of a buffer stands. Both words are constants at the place itself.
@frozen @usableFromInline
struct SourceTouch {
    /// The address of a static string that ends with a zero; 0 for none.
    @usableFromInline let file: UInt
    @usableFromInline let line: UInt32

    @inlinable
    init(_ file: StaticString, _ line: UInt) {
        // Safe: only the address is taken, and the string lives for ever.
        self.file = file.hasPointerRepresentation ? UInt(bitPattern: unsafe file.utf8Start) : 0
        self.line = UInt32(truncatingIfNeeded: line)
    }
}
