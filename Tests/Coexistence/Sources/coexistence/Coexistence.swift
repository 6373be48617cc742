// A pool and swift-system in one file: bytes go through a pipe of swift-system's into a buffer of ours.

import SystemPackage
import UringBuffers
import UringQueue

@main
struct Coexistence {
    static func main() throws {
        let queue = try UringQueue(entries: 8)
        let group = try BufferGroup(ring: queue.descriptor, id: 0, capacity: 8, bufferSize: 64)
        let listener = try Socket.listen(on: SocketAddress.resolve(host: "127.0.0.1", port: 0)[0])
        let client = try Socket.make(for: Socket.localAddress(of: listener))
        queue.connect(client, to: try Socket.localAddress(of: listener), tag: 1)
        queue.acceptMultishot(on: listener, tag: 2)
        var text = ""
        while text.isEmpty {
            try queue.wait()
            try queue.forEachCompletion { completion throws(Errno) in
                switch completion.tag {
                case 2:
                    // swift-system writes, the kernel picks one of our buffers.
                    try FileDescriptor(rawValue: completion.result).write("both modules in one program\n")
                    queue.receive(from: client, into: group, tag: 3)
                case 3: if case .buffer(let buffer) = group.take(completion) { text = contents(of: buffer) }
                default: break
                }
            }
        }
        try FileDescriptor.standardOutput.writeAll(text.utf8)
        precondition(text.hasPrefix("both modules"), "other bytes arrived")
        try group.close()
    }
}

extension FileDescriptor {
    func write(_ text: String) throws(Errno) {
        do { try writeAll(text.utf8) } catch { throw error as! Errno }
    }
}

func contents(of buffer: borrowing ProvidedBuffer) -> String {
    buffer.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}
