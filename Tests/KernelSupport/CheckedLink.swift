// A connection whose messages are checked byte by byte as they arrive.

public import UringBuffers
public import UringQueue

/// Sends a message and receives it, one after the other.
public final class CheckedLink {
    private let pair: SocketPair
    private var outgoing: ByteStream
    private var incoming: ByteStream

    public init(_ kind: SocketKind = .unix, seed: UInt64) {
        pair = SocketPair(kind)
        outgoing = ByteStream(seed: seed)
        incoming = outgoing
    }

    /// A message of up to one buffer's size, in one buffer. Refills once.
    public func buffer(
        _ queue: borrowing UringQueue, _ group: borrowing BufferGroup, bytes: Int
    ) throws -> ProvidedBuffer {
        pair.write(outgoing.next(bytes))
        while true {
            queue.receive(from: pair.reader, into: group, tag: 1)
            try queue.wait()
            var found: ProvidedBuffer?
            queue.forEachCompletion { completion in
                switch group.take(completion) {
                case .buffer(let buffer): found = consume buffer
                case .starved: break
                default: fatalError("unexpected \(completion)")
                }
            }
            group.refill()
            guard let found = found.take() else { continue }
            precondition(found.count == bytes, "\(found.count) bytes came, not \(bytes)")
            precondition(incoming.matches(found), "wrong bytes before \(incoming.position)")
            return found
        }
    }
}
