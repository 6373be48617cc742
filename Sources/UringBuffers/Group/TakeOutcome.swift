// What one completion means to the pool.

/// What ``BufferGroup/take(result:flags:)`` makes of a completion.
public enum TakeOutcome: ~Copyable {
    /// Bytes in one buffer, yours now.
    case buffer(ProvidedBuffer)
    /// Bytes in several buffers, yours now.
    case bundle(BufferBundle)
    /// Result 0: the peer sent its last byte (or an empty datagram). A buffer that came along is back already.
    case endOfStream
    /// `ENOBUFS`: the kernel found no buffer. The request has ended; arm it again when buffers came back.
    case starved
    /// A negative result other than `ENOBUFS`. A buffer that came along is back already.
    case failed(UringError)
    /// A positive result without a buffer: the request did not select from a group.
    case unbuffered(Int)
}
