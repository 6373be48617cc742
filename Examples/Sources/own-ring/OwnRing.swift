// A pool in a ring that somebody else made and drives: all it needs is the descriptor, results and flags.

import CLoop
import Glibc
import UringBuffers

@main
struct OwnRing {
    static func main() throws {
        var ends: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)

        guard let loop = cloop_create() else { fatalError("no io_uring here") }
        let group = try BufferGroup(ring: cloop_descriptor(loop), id: 7, capacity: 64, bufferSize: 1024)
        cloop_receive(loop, ends[0], group.id.rawValue)
        send(ends[1], "hello, liburing", 15, 0)
        shutdown(ends[1], Int32(SHUT_WR))

        var result: Int32 = 0
        var flags: UInt32 = 0
        receiving: while cloop_next(loop, &result, &flags) == 0 {
            switch group.take(result: result, flags: CompletionFlags(rawValue: flags)) {
            case .buffer(let buffer): show(buffer)
            case .bundle(var bundle): while let buffer = bundle.next() { show(buffer) }
            case .starved: cloop_receive(loop, ends[0], group.id.rawValue)
            default: break receiving
            }
            group.refill()
        }
        try group.close()
        cloop_destroy(loop)
    }

    static func show(_ buffer: borrowing ProvidedBuffer) {
        print("buffer \(buffer.id): \(buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })")
    }
}
