// The kernel picks a buffer when data arrives; the program reads it where it lies, and it goes back by itself.

import Glibc
import UringBuffers
import UringQueue

@main
struct FirstSteps {
    static func main() throws {
        var ends: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 0, capacity: 256, bufferSize: 4096)
        queue.receiveMultishot(from: ends[0], into: group, tag: 1)
        send(ends[1], "hello, ring", 11, 0)
        try queue.run { completion in
            switch group.take(completion) {
            case .buffer(let buffer):
                show(buffer)
                shutdown(ends[1], Int32(SHUT_WR))
            // End of scope: the buffer is back. It cannot be used, returned again, or forgotten.
            case .bundle(var bundle): while let buffer = bundle.next() { show(buffer) }
            case .endOfStream: queue.stop()
            case .starved: queue.receiveMultishot(from: ends[0], into: group, tag: 1)
            case .failed(let error):
                print(error)
                queue.stop()
            default: break
            }
            group.refill()
        }
        print("lent: \(group.lent), books balance: \(group.books().balanced)")
        try group.close()
    }

    static func show(_ buffer: borrowing ProvidedBuffer) {
        print("buffer \(buffer.id): \(buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })")
    }
}
