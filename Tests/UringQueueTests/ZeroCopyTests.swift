// Zero-copy sends on the real kernel: bytes, both completions, failures, cancellation.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite(.bothWaysOfWaiting) struct ZeroCopyTests {
    private func group(_ queue: borrowing UringQueue, capacity: Int = 64, size: Int = 4096) throws -> BufferGroup {
        try BufferGroup(ring: queue.descriptor, id: 1, capacity: capacity, bufferSize: size)
    }

    /// Reads everything from `reader` on another thread, and checks it.
    private func reading(_ bytes: Int, from pair: SocketPair, seed: UInt64) -> OtherThread {
        let reader = pair.reader
        return OtherThread {
            var check = ByteStream(seed: seed)
            var room = [UInt8](repeating: 0, count: 65536)
            while check.position < bytes {
                let count = unsafe recv(reader, &room, room.count, 0)
                guard count > 0 else { break }
                let good = check.matches(Array(room[..<count]))
                #expect(good)
            }
            #expect(check.position == bytes)
        }
    }

    @Test(arguments: [1, 4096, 100_000])
    func sendsEveryByteAndReturnsAtTheNotification(bytes: Int) throws {
        let queue = try UringQueue()
        let canSend = queue.supportsZeroCopySend
        try #require(canSend)
        let group = try group(queue)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 3)
        let bundle = try filledBundle(queue, group, &stream, bytes: bytes)
        let buffers = bundle.count
        let thread = reading(bytes, from: pair, seed: 3)
        queue.sendZeroCopy(bundle, to: pair.writer, tag: 7)
        #expect(group.lent == buffers && group.books().states.sending == buffers)
        let both = try collect(queue, 2)
        #expect(both[0] == Completion(tag: 7, result: Int32(bytes), flags: .more) && !both[0].isFinal)
        #expect(both[1].tag == 7 && both[1].flags.contains(.notification) && both[1].isFinal)
        #expect(both[1].wasCopied, "loopback copies")
        thread.join()
        #expect(group.lent == 0)
        let books = group.books()
        #expect(books.balanced && books.zeroCopySends >= 1 && books.copiedSends >= 1)
        try group.close()
    }

    @Test(arguments: [false, true])
    func aSharedBufferGoesToManyPeers(zeroCopy: Bool) throws {
        let queue = try UringQueue()
        let group = try group(queue)
        var stream = ByteStream(seed: 4)
        var bundle = try filledBundle(queue, group, &stream, bytes: 4096)
        let shared = bundle.next()!.share()
        let pairs = (0..<8).map { _ in SocketPair(.tcp) }
        for (number, pair) in pairs.enumerated() {
            let slice = shared[number * 100..<number * 100 + 1000]
            if zeroCopy {
                queue.sendZeroCopy(slice, to: pair.writer, tag: UInt64(number))
            } else {
                queue.send(slice, to: pair.writer, tag: UInt64(number))
            }
        }
        let results = try collect(queue, zeroCopy ? 16 : 8).filter { !$0.flags.contains(.notification) }
        #expect(results.count == 8 && results.allSatisfy { $0.result == 1000 })
        let expected = unsafe shared.withUnsafeBytes { unsafe Array($0) }
        for (number, pair) in pairs.enumerated() {
            var got: [UInt8] = []
            while got.count < 1000 { got += pair.read(1000 - got.count) }
            #expect(got == Array(expected[number * 100..<number * 100 + 1000]))
        }
        #expect(group.lent == 1)
        #expect(group.books().zeroCopySends == (zeroCopy ? 8 : 0))
    }

    @Test func failuresBringTheBuffersHome() throws {
        let queue = try UringQueue()
        let group = try group(queue)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 6)
        // Not a socket that can do it, not open, and a peer that is gone.
        let unix = SocketPair(.unix)
        queue.sendZeroCopy(try filledBundle(queue, group, &stream, bytes: 100), to: unix.writer, tag: 1)
        #expect(try ended(queue, 1).result < 0)
        queue.sendZeroCopy(try filledBundle(queue, group, &stream, bytes: 100), to: 1_000_000, tag: 2)
        #expect(try ended(queue, 2).result == -EBADF)
        pair.closeReader()
        var result: Int32 = 0
        for _ in 0..<10 where result >= 0 {
            queue.sendZeroCopy(try filledBundle(queue, group, &stream, bytes: 9000), to: pair.writer, tag: 3)
            result = try ended(queue, 3).result
        }
        #expect(result == -EPIPE || result == -ECONNRESET)
        #expect(group.lent == 0 && group.books().balanced)
        try group.close()
    }

    /// Collects until nothing of `tag` is left, and returns the result.
    private func ended(_ queue: borrowing UringQueue, _ tag: UInt64) throws -> Completion {
        var result: Completion?
        while true {
            for completion in try collect(queue, 1) where completion.tag == tag {
                if !completion.flags.contains(.notification) { result = completion }
                if completion.isFinal { return result! }
            }
        }
    }

    @Test(arguments: [false, true])
    func cancelledOnTheWay(byDescriptor: Bool) throws {
        let queue = try UringQueue()
        let group = try group(queue, capacity: 1024)
        let pair = SocketPair(.tcp)
        pair.shrink()
        var stream = ByteStream(seed: 8)
        queue.sendZeroCopy(try filledBundle(queue, group, &stream, bytes: 3_000_000), to: pair.writer, tag: 4)
        try queue.wait(timeout: .milliseconds(20))
        #expect(group.lent > 0)
        if byDescriptor { queue.cancelAll(on: pair.writer, tag: 9) } else { queue.cancel(tag: 4, tag: 9) }
        var result: Completion?
        while result == nil {
            for completion in try collect(queue, 1) where completion.tag == 4 { result = completion }
        }
        #expect(result!.result < 3_000_000)
        // What was sent is read by the kernel until the peer has it.
        if !result!.isFinal {
            #expect(group.lent > 0)
            pair.closeReader()
            pair.closeWriter()
            while try !collect(queue, 1).contains(where: { $0.tag == 4 && $0.isFinal }) {}
        }
        #expect(group.lent == 0 && group.books().balanced)
        try group.close()
    }

    /// The queue goes away with sends under way: their buffers come home, or are never used again.
    @Test func theQueueEndsFirst() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 64, bufferSize: 4096)
        let pair = SocketPair(.tcp)
        pair.write(Array(repeating: 1, count: 5000))
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: true, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        guard case .bundle(let bundle) = group.take(completion) else { fatalError("no bundle") }
        do {
            let queue = try UringQueue()
            queue.sendZeroCopy(bundle, to: pair.writer, tag: 1)
            try queue.submit()
        }
        group.refill()
        #expect(group.lent == 0 && group.books().balanced)
        try group.close()
    }

    /// `GroupSnapshot.zeroCopySends` counts zero-copy sends: an ordinary send of a shared buffer is none.
    @Test func anOrdinarySendOfASharedBufferIsNotCountedAsZeroCopy() throws {
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64)
        var stream = ByteStream(seed: 1)
        var bundle = try filledBundle(queue, group, &stream, bytes: 10)
        let shared = bundle.next()!.share()
        let out = SocketPair()
        queue.send(shared, to: out.writer, tag: 1)
        #expect(try collect(queue, 1)[0].result == Int32(shared.count))
        #expect(group.books().zeroCopySends == 0)
    }
}
