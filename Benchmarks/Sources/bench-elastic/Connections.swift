// Connections to oneself whose every byte is known.

import Glibc
import UringBuffers

/// The endless streams of all connections: one pattern, begun elsewhere by each. Its period is a prime, so that no size
/// of a message or buffer divides it, and a check is one comparison of memory.
enum Pattern {
    private static let period = 65521
    private static let longest = 1 << 18
    private static let bytes: [UInt8] = {
        var state: UInt64 = 1
        let once = (0..<period).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        return (0..<(period + longest)).map { once[$0 % period] }
    }()

    static func withBytes<Result>(
        of connection: Int, at position: Int, count: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let start = (position + connection * 7919) % period
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)])) }
    }
}

struct Connection {
    let reader: Int32
    let writer: Int32
    var sent = 0
    var received = 0

    init() {
        var pair: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { fatalError("no socket pair") }
        (reader, writer) = (pair[0], pair[1])
        var room: Int32 = 1 << 20
        setsockopt(writer, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }

    mutating func send(_ count: Int, number: Int) {
        let written = Pattern.withBytes(of: number, at: sent, count: count) { write(writer, $0.baseAddress!, $0.count) }
        guard written == count else { fatalError("write: \(written) of \(count), errno \(errno)") }
        sent += count
    }

    mutating func check(_ buffer: borrowing ProvidedBuffer, number: Int) {
        let isRight = buffer.withUnsafeBytes { bytes in
            Pattern.withBytes(of: number, at: received, count: bytes.count) {
                memcmp($0.baseAddress!, bytes.baseAddress!, bytes.count) == 0
            }
        }
        guard isRight else { fatalError("wrong bytes at \(received) of connection \(number)") }
        received += buffer.count
    }
}

/// A handle in an array: a class, since arrays cannot hold what cannot be copied.
final class Held {
    private let buffer: ProvidedBuffer
    init(_ buffer: consuming ProvidedBuffer) { self.buffer = buffer }
}
