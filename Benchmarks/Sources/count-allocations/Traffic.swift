// Real traffic: a socket pair, multishot receives with bundles, and buffers sent back without a copy.

import Glibc
import UringBuffers
import UringQueue

/// Receives what it sends to itself, `rounds` times `bytes` bytes.
struct Traffic: ~Copyable {
    let queue: UringQueue
    let group: BufferGroup
    let ends: (near: Int32, far: Int32)
    private let message = UnsafeMutablePointer<UInt8>.allocate(capacity: Traffic.bytes)
    static let bytes = 32768

    init() throws {
        var pair: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { fatalError("no socket pair") }
        ends = (pair[0], pair[1])
        let queue = try UringQueue()
        group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 4096)
        self.queue = queue
        message.initialize(repeating: 7, count: Traffic.bytes)
        self.queue.receiveMultishot(from: ends.near, into: group, tag: 1)
    }

    deinit {
        message.deallocate()
        close(ends.near)
        close(ends.far)
    }

    func exchange(_ rounds: Int) throws {
        for _ in 0..<rounds {
            guard write(ends.far, message, Traffic.bytes) == Traffic.bytes else { fatalError("short write") }
            var left = Traffic.bytes
            while left > 0 {
                try queue.wait()
                try queue.forEachCompletion { (completion) throws(UringError) in
                    switch group.take(completion) {
                    case .buffer(let buffer): left -= buffer.count
                    case .bundle(let bundle): left -= bundle.byteCount
                    case .starved: break
                    default: fatalError("unexpected completion \(completion)")
                    }
                    if completion.isFinal { queue.receiveMultishot(from: ends.near, into: group, tag: 1) }
                }
                group.refill()
            }
        }
    }
}
