// The sender of the sizing experiment: connections that have one message on its way at a time.

import Glibc
import Synchronization

/// The endless streams of all connections: one pattern, begun elsewhere by each. Its period is a prime, so that no size
/// of a message or buffer divides it, and a check is one comparison of memory.
enum Pattern {
    private static let period = 65521
    static let longest = 1 << 18
    private static let bytes: [UInt8] = {
        var state: UInt64 = 1
        let once = (0..<period).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        return (0..<(period + longest)).map { once[$0 % period] }
    }()

    /// Up to ``longest`` bytes of a connection's stream from `position` on.
    static func withBytes<Result>(
        of connection: Int, at position: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let start = (position + connection * 7919) % period
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)])) }
    }
}

/// Socket pairs, and a thread that keeps one message on its way on each of them.
final class Messages: @unchecked Sendable {
    // @unchecked: the arrays are constant; what changes is atomic.

    let readers: [Int32]
    private let writers: [Int32]
    private let messageBytes: Int
    private let perConnection: Int
    /// How many messages of each connection arrived in full.
    private let arrived: UnsafeMutablePointer<Atomic<Int>>
    private var thread = pthread_t()

    init(connections: Int, messageBytes: Int, messages: Int) {
        self.messageBytes = messageBytes
        perConnection = messages / connections
        var pairs: [[Int32]] = []
        for _ in 0..<connections {
            var pair: [Int32] = [0, 0]
            guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { fatalError("no socket pair") }
            pairs.append(pair)
        }
        readers = pairs.map { $0[0] }
        writers = pairs.map { $0[1] }
        arrived = .allocate(capacity: connections)
        for connection in 0..<connections { (arrived + connection).initialize(to: Atomic(0)) }
    }

    deinit { arrived.deallocate() }

    var total: Int { perConnection * readers.count }

    func noteArrival(_ connection: Int, messages: Int) { arrived[connection].store(messages, ordering: .releasing) }

    func start() {
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Messages>.fromOpaque(context!).takeRetainedValue().sendAll()
                return nil
            }, context)
    }

    func join() {
        pthread_join(thread, nil)
        for reader in readers { close(reader) }
    }

    private func sendAll() {
        var sent = [Int](repeating: 0, count: writers.count)
        var left = total
        while left > 0 {
            var progress = false
            for (connection, writer) in writers.enumerated()
            where sent[connection] < perConnection && arrived[connection].load(ordering: .acquiring) == sent[connection]
            {
                let from = sent[connection] * messageBytes
                var done = 0
                while done < messageBytes {
                    let count = Pattern.withBytes(of: connection, at: from + done, count: messageBytes - done) {
                        write(writer, $0.baseAddress!, $0.count)
                    }
                    guard count > 0 else { fatalError("write failed") }
                    done += count
                }
                sent[connection] += 1
                left -= 1
                progress = true
            }
            if !progress { sched_yield() }
        }
        for writer in writers { close(writer) }
    }
}
