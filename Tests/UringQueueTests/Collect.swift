// Waiting for completions, and making filled buffers.

import KernelSupport
import Testing
import UringBuffers
import UringQueue

/// Waits until `count` completions came, and returns them in order.
func collect(_ queue: borrowing UringQueue, _ count: Int) throws -> [Completion] {
    var found: [Completion] = []
    while found.count < count {
        try queue.wait()
        queue.forEachCompletion { found.append($0) }
    }
    return found
}

/// The completions of one operation, up to its final one.
func collectToTheEnd(_ queue: borrowing UringQueue) throws -> [Completion] {
    var found = try collect(queue, 1)
    while !found.last!.isFinal { found += try collect(queue, 1) }
    return found
}

/// The message of a child process that trapped.
func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

/// Bundles with the bytes of a stream, received over a connection of their own.
func filledBundle(
    _ queue: borrowing UringQueue, _ group: borrowing BufferGroup, _ stream: inout ByteStream, bytes: Int
) throws -> BufferBundle {
    let pair = SocketPair()
    var all: BufferBundle?
    var missing = bytes
    while missing > 0 {
        let piece = min(missing, 4096)
        pair.write(stream.next(piece))
        var open = piece
        while open > 0 {
            group.refill()
            queue.receive(from: pair.reader, into: group, options: .bundle, tag: 99)
            let completion = try collect(queue, 1)[0]
            switch group.take(completion) {
            case .buffer(let buffer): join(&all, BufferBundle(buffer))
            case .bundle(let bundle): join(&all, bundle)
            case .starved: continue
            default: fatalError("unexpected completion \(completion)")
            }
            open -= Int(completion.result)
        }
        missing -= piece
    }
    return all.take()!
}

private func join(_ all: inout BufferBundle?, _ more: consuming BufferBundle) {
    guard var known = all.take() else {
        all = consume more
        return
    }
    known.append(more)
    all = consume known
}
