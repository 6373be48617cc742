// Sends that own what they send: whole, gathered, slow, broken and cancelled.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite(.bothWaysOfWaiting) struct SendTests {
    @Test func oneBuffer() throws {
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64)
        let pair = SocketPair()
        pair.write([1, 2, 3])
        queue.receive(from: pair.reader, into: group, tag: 1)
        guard case .buffer(let buffer) = group.take(try collect(queue, 1)[0]) else { fatalError("no buffer") }
        let out = SocketPair()
        queue.send(buffer, to: out.writer, tag: 2)
        #expect(group.lent == 1, "the queue owns it")
        #expect(try collect(queue, 1) == [Completion(tag: 2, result: 3, flags: [])])
        #expect(group.lent == 0)
        #expect(out.read(10) == [1, 2, 3])
    }

    @Test func bytesThatTheCallerKeeps() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let bytes: [UInt8] = [5, 6, 7]
        try unsafe bytes.withUnsafeBytes { raw throws in
            unsafe queue.send(raw, to: pair.writer, tag: 1)
            #expect(try collect(queue, 1)[0].result == 3)
            unsafe queue.send(UnsafeRawBufferPointer(start: nil, count: 0), to: pair.writer, tag: 2)
            #expect(try collect(queue, 1)[0] == Completion(tag: 2, result: 0, flags: []))
        }
        #expect(pair.read(10) == [5, 6, 7])
    }

    /// More buffers than one `sendmsg` takes, begun in the middle of the first.
    @Test(arguments: SocketKind.allCases, [1023, 1024, 1025, 3000])
    func moreBuffersThanVectors(kind: SocketKind, buffers: Int) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 4096, bufferSize: 16, refill: .everything)
        var stream = ByteStream(seed: 77)
        var check = stream
        var bundle = try filledBundle(queue, group, &stream, bytes: buffers * 16)
        #expect(bundle.count == buffers)
        bundle.drop(bytes: 5)
        #expect(check.next(5).count == 5)
        let out = SocketPair(kind)
        out.enlarge(to: 1 << 20)
        queue.send(bundle, to: out.writer, tag: 3)
        #expect(try collect(queue, 1) == [Completion(tag: 3, result: Int32(buffers * 16 - 5), flags: [])])
        #expect(group.lent == 0 && group.books().balanced)
        out.closeWriter()
        while case let bytes = out.read(65536), !bytes.isEmpty {
            let isNext = check.matches(bytes)
            #expect(isNext)
        }
        #expect(check.position == UInt64(buffers * 16))
        try group.close()
    }

    /// The reader takes a little at a time; the socket blocks or not, as the application made it.
    @Test(arguments: SocketKind.allCases, [false, true])
    func slowReader(kind: SocketKind, nonBlocking: Bool) throws {
        let total = 400_000
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 512, refill: .everything)
        var stream = ByteStream(seed: 78)
        let start = stream
        let bundle = try filledBundle(queue, group, &stream, bytes: total)
        let out = SocketPair(kind)
        out.shrink()
        if nonBlocking { _ = fcntl(out.writer, F_SETFL, O_NONBLOCK) }
        queue.send(bundle, to: out.writer, tag: 3)
        try queue.submit()
        let result = Box(start)
        let reader = OtherThread {
            while case let bytes = out.read(3000), !bytes.isEmpty {
                result.isGood = result.check.matches(bytes) && result.isGood
            }
        }
        #expect(try collect(queue, 1) == [Completion(tag: 3, result: Int32(total), flags: [])])
        out.closeWriter()
        reader.join()
        #expect(result.isGood && result.check.position == UInt64(total))
        #expect(group.lent == 0 && group.books().balanced)
    }

    private final class Box: @unchecked Sendable {
        var check: ByteStream
        var isGood = true
        init(_ check: ByteStream) { self.check = check }
    }

    @Test(arguments: SocketKind.allCases)
    func peerThatIsGoneBringsTheBuffersHome(kind: SocketKind) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 512)
        var stream = ByteStream(seed: 79)
        let bundle = try filledBundle(queue, group, &stream, bytes: 200_000)
        let out = SocketPair(kind)
        out.shrink()
        queue.send(bundle, to: out.writer, tag: 3)
        try queue.submit()
        #expect(group.lent > 0)
        out.closeReader()
        let result = try collect(queue, 1)[0].result
        #expect(result == -EPIPE || result == -ECONNRESET, "\(result)")
        #expect(group.lent == 0 && group.books().balanced)
        try group.close()
    }

    @Test func badSocketBringsTheBuffersHome() throws {
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 64, bufferSize: 64)
        var stream = ByteStream(seed: 80)
        queue.send(try filledBundle(queue, group, &stream, bytes: 1000), to: 1_000_000, tag: 1)
        #expect(try collect(queue, 1)[0].result == -EBADF)
        #expect(group.lent == 0)
    }

    @Test func emptyBundleTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let queue = try UringQueue()
            let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 64, bufferSize: 64)
            var stream = ByteStream(seed: 80)
            var bundle = try filledBundle(queue, group, &stream, bytes: 1000)
            bundle.drop(bytes: 1000)
            queue.send(bundle, to: 1, tag: 1)
        }
        #expect(message(result).contains("an empty bundle cannot be sent"))
    }

    /// A peer that never reads: the send must be possible to end.
    @Test(arguments: SocketKind.allCases)
    func stuckSendCanBeCancelledByDescriptor(kind: SocketKind) throws {
        try cancelStuckSend(kind) { queue, socket in queue.cancelAll(on: socket, tag: 4) }
    }

    @Test(arguments: SocketKind.allCases)
    func stuckSendCanBeCancelledByItsTag(kind: SocketKind) throws {
        try cancelStuckSend(kind) { queue, _ in queue.cancel(tag: 3, tag: 4) }
    }

    private func cancelStuckSend(_ kind: SocketKind, _ cancel: (borrowing UringQueue, Int32) -> Void) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 512)
        var stream = ByteStream(seed: 81)
        let bundle = try filledBundle(queue, group, &stream, bytes: 400_000)
        let out = SocketPair(kind)
        out.shrink()
        queue.send(bundle, to: out.writer, tag: 3)
        try queue.submit()
        cancel(queue, out.writer)
        var ended: [Completion] = []
        // The limit is for the case that fails.
        while ended.count < 2, try queue.wait(timeout: .milliseconds(500)) == .ready {
            queue.forEachCompletion { ended.append($0) }
        }
        #expect(ended.first { $0.tag == 4 }?.result ?? -1 >= 0, "the cancel found nothing: \(ended)")
        #expect(ended.contains { $0.tag == 3 }, "the send goes on")
        if ended.count < 2 {
            out.closeReader()
            while ended.count < 2 {
                try queue.wait()
                queue.forEachCompletion { ended.append($0) }
            }
        }
        #expect(group.lent == 0 && group.books().balanced)
    }
}
