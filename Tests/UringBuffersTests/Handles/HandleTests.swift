// Handles: small, sendable, readable and writable, as tokens, and ended on any thread.

import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct HandleTests {
    @Test func sizes() {
        #expect(MemoryLayout<ProvidedBuffer>.size <= 24)
        #expect(MemoryLayout<ProvidedBuffer>.stride <= 24)
        #expect(MemoryLayout<BufferToken>.size <= 32)
        #expect(MemoryLayout<BufferBundle>.size <= 48)
    }

    @Test func everythingThatTravelsIsSendable() {
        func isSendable<T: ~Copyable & Sendable>(_: T.Type) -> Bool { true }
        #expect(isSendable(ProvidedBuffer.self) && isSendable(BufferBundle.self) && isSendable(BufferToken.self))
        #expect(isSendable(UringError.self) && isSendable(GroupSnapshot.self) && isSendable(PageMemory.self))
    }

    @Test func bytesAreTheKernelsAndCanBeChanged() throws {
        let one = try OneBuffer()
        var buffer = one.take()
        #expect(buffer.count == 3 && buffer.id == BufferID(0))
        #expect(buffer.bytes.byteCount == 3)
        #expect(unsafe (0..<3).map { unsafe buffer.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) } == [1, 2, 3])
        var writable = buffer.mutableBytes
        writable.storeBytes(of: 9, toByteOffset: 1, as: UInt8.self)
        let seen = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
        #expect(seen == [1, 9, 3])
        buffer.recycle()
        #expect(one.group.lent == 0)
    }

    @Test func withUnsafeBytesPassesErrorsOn() throws {
        struct Stop: Error {}
        let one = try OneBuffer()
        let buffer = one.take()
        #expect(throws: Stop.self) { try unsafe buffer.withUnsafeBytes { _ throws(Stop) in throw Stop() } }
        buffer.recycle()
        #expect(one.group.books().balanced && one.group.lent == 0)
    }

    @Test func droppingAndRecyclingAreTheSame() throws {
        let one = try OneBuffer()
        do { _ = one.take() }
        #expect(one.group.lent == 0)
        try one.receive()
        one.take().recycle()
        #expect(one.group.lent == 0 && one.group.books().recycled == 2)
    }

    @Test func tokenKeepsAddressAndBytes() throws {
        let one = try OneBuffer()
        let buffer = one.take()
        let address = unsafe buffer.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        let token = buffer.intoToken()
        #expect(unsafe UInt(bitPattern: token.baseAddress) == address && token.count == 3 && token.id == BufferID(0))
        #expect(one.group.lent == 1 && one.group.books().states.lent == 1 && one.group.books().balanced)
        let again = token.reclaim()
        #expect(again.count == 3)
        again.recycle()
        #expect(one.group.lent == 0 && one.group.books().balanced)
    }

    @Test func tokenOfAPartlySentBufferKeepsItsOffset() throws {
        let one = try OneBuffer()
        var bundle = BufferBundle(one.take())
        bundle.drop(bytes: 1)
        let token = bundle.next()!.intoToken()
        #expect(token.count == 2)
        #expect(unsafe token.baseAddress.load(as: UInt8.self) == 2)
        token.reclaim().recycle()
        #expect(one.group.books().balanced && one.group.lent == 0)
    }

    @Test func endsOnAnotherThread() throws {
        let one = try OneBuffer()
        let handoff = Handoff(one.take())
        onOtherThread { handoff.end() }
        var books = one.group.books()
        #expect(books.returned == 1 && books.recycled == 0 && books.states.cached == 1 && books.balanced)
        #expect(one.group.lent == 1, "counted until the owner took it home")
        #expect(one.group.refill().published == 1)
        books = one.group.books()
        #expect(one.group.lent == 0 && books.returned == 1 && books.balanced && one.group.available == 8)
    }

    @Test func bundleEndsOnAnotherThread() throws {
        let driver = try QueueDriver(entries: 8)
        let pair = SocketPair()
        let group = try BufferGroup(ring: driver.descriptor, id: 1, capacity: 8, bufferSize: 8)
        pair.write([UInt8](repeating: 1, count: 64))
        var all: BufferBundle?
        while (all?.byteCount ?? 0) < 64 {
            driver.receive(from: pair.reader, into: group, multishot: false, bundle: true, tag: 1)
            var piece: BufferBundle
            switch group.take(try driver.completions(atLeast: 1)[0]) {
            case .bundle(let bundle): piece = bundle
            case .buffer(let buffer): piece = BufferBundle(buffer)
            default: fatalError("no buffers")
            }
            if var known = all.take() {
                known.append(piece)
                piece = known
            }
            all = consume piece
        }
        let handoff = Handoff(all.take()!)
        onOtherThread {
            var bundle = handoff.take()
            bundle.drop(bytes: 20)
            bundle.next()?.recycle()
        }
        #expect(group.books().returned == 8 && group.books().balanced)
        #expect(group.refill().published == 8)
        #expect(group.lent == 0 && group.books().balanced)
    }

    /// Four threads end handles while the owner receives: nothing is lost, nothing is counted twice.
    @Test(arguments: [4, 64, 1024])
    func endsOnManyThreadsAtOnce(capacity: Int) throws {
        let driver = try QueueDriver(entries: 8)
        let pair = SocketPair()
        let group = try BufferGroup(ring: driver.descriptor, id: 1, capacity: capacity, bufferSize: 16)
        let lanes = (0..<4).map { _ in Lane() }
        let threads = lanes.map { lane in OtherThread { lane.endEverything() } }
        var stream = ByteStream(seed: 9)
        var check = stream
        var received = 0
        while received < 20_000 {
            pair.write(stream.next(64))
            while check.position < stream.position {
                driver.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
                switch group.take(try driver.completions(atLeast: 1)[0]) {
                case .buffer(let buffer):
                    let isNext = check.matches(buffer)
                    #expect(isNext)
                    lanes[received % 4].put(buffer)
                    received += 1
                case .starved: group.refill()
                default: Issue.record("unexpected outcome")
                }
            }
        }
        for lane in lanes { lane.finish() }
        for thread in threads { thread.join() }
        group.refill()
        let books = group.books()
        #expect(books.balanced, "\(books.violations)")
        #expect(books.selected == received && books.returned == received && group.lent == 0)
        try group.close()
    }
}
