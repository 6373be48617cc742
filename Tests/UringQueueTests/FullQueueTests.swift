// Full submission and completion queues: nothing is lost, order is kept, and memory that requests point to stays valid.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringBuffersTesting
import UringQueue

@Suite(.bothWaysOfWaiting) struct FullQueueTests {
    @Test(arguments: [1, 2, 8, 64], QueueMode.allCases)
    func thousandsOfRequestsBeforeOneSubmit(entries: Int, mode: QueueMode) throws {
        let queue = try UringQueue(entries: entries, mode: mode)
        for tag in 0..<5000 { queue.nop(tag: UInt64(tag)) }
        #expect(try collect(queue, 5000).map(\.tag) == Array(0..<5000))
        #expect(queue.unsubmitted == 0 && queue.hasOverflow == false)
    }

    @Test(arguments: [1, 4, 16])
    func overflowingCompletionsAreKeptInOrder(completionEntries: Int) throws {
        let queue = try UringQueue(entries: 1, completionEntries: completionEntries, mode: .plain)
        for tag in 0..<1000 { queue.nop(tag: UInt64(tag)) }
        try queue.submit()
        #expect(queue.hasOverflow == true)
        #expect(try collect(queue, 1000).map(\.tag) == Array(0..<1000))
        #expect(queue.hasOverflow == false)
    }

    @Test func overflowingReceivesLoseNoBuffer() throws {
        let queue = try UringQueue(entries: 1, completionEntries: 2, mode: .plain)
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 256, bufferSize: 16, refill: .everything)
        var stream = ByteStream(seed: 4)
        var check = stream
        pair.write(stream.next(256 * 16))
        pair.closeWriter()
        queue.receiveMultishot(from: pair.reader, into: group, tag: 1)
        var ended = false
        while !ended {
            try queue.wait()
            queue.forEachCompletion { completion in
                switch group.take(completion) {
                case .buffer(let buffer):
                    let isNext = check.matches(buffer)
                    #expect(isNext)
                    if completion.isFinal { queue.receiveMultishot(from: pair.reader, into: group, tag: 1) }
                case .endOfStream: ended = true
                case .starved: queue.receiveMultishot(from: pair.reader, into: group, tag: 1)
                default: Issue.record("unexpected completion \(completion)")
                }
            }
        }
        #expect(check.position == 256 * 16)
        #expect(group.books().balanced && group.lent == 0)
        try group.close()
    }

    /// A connect is queued while the submission queue is full; what follows must not overwrite its address.
    @Test(arguments: [1, 2, 4, 16])
    func addressesSurviveAFullSubmissionQueue(entries: Int) throws {
        let queue = try UringQueue(entries: entries)
        let listener = try Socket.listen(on: try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0])
        let address = try Socket.localAddress(of: listener)
        var sockets: [Int32] = []
        for round in 0..<40 {
            // Fill the queue so that the connect is the one that finds it full.
            for _ in 0..<(round % (entries + 1)) { queue.nop(tag: 1000) }
            let socket = try Socket.make(for: address)
            sockets.append(socket)
            queue.connect(socket, to: address, tag: UInt64(round))
            queue.timeout(after: .milliseconds(1), tag: 2000)
            queue.timeout(after: .milliseconds(2), tag: 2000)
        }
        let nops = (0..<40).reduce(0) { $0 + $1 % (entries + 1) }
        let found = try collect(queue, 40 + 80 + nops)
        let connects = found.filter { $0.tag < 40 }
        #expect(connects.count == 40 && connects.allSatisfy { $0.result == 0 }, "\(connects)")
        let timeouts = found.filter { $0.tag == 2000 }
        #expect(timeouts.count == 80 && timeouts.allSatisfy { $0.result == -ETIME }, "\(timeouts)")
        for socket in sockets + [listener] { _ = close(socket) }
    }

    @Test(arguments: [1, 2, 8])
    func gatheredSendsSurviveAFullSubmissionQueue(entries: Int) throws {
        let queue = try UringQueue(entries: entries)
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 32)
        let pairs = (0..<40).map { _ in SocketPair() }
        var streams: [ByteStream] = []
        var bundles: [Handoff<BufferBundle>] = []
        for index in pairs.indices {
            var stream = ByteStream(seed: UInt64(index))
            streams.append(stream)
            bundles.append(Handoff(try filledBundle(queue, group, &stream, bytes: 32 * 3 + index)))
        }
        for (index, pair) in pairs.enumerated() {
            queue.send(bundles[index].take(), to: pair.writer, tag: UInt64(index))
        }
        let found = try collect(queue, 40).sorted { $0.tag < $1.tag }
        let results: [Int32] = found.map(\.result)
        #expect(results == Array(96..<136))
        for (index, pair) in pairs.enumerated() {
            let isWhole = streams[index].matches(pair.read(4096))
            #expect(isWhole && streams[index].position == UInt64(96 + index), "send \(index)")
        }
        group.refill()
        #expect(group.lent == 0 && group.books().balanced)
    }

    /// The kernel refuses for a while: everything waits its turn, also what points to memory.
    @Test(arguments: [EBUSY, EAGAIN])
    func requestsThatTheKernelRefusesAtFirstKeepTheirOrder(error: Int32) throws {
        let queue = try UringQueue(entries: 2)
        let faults = SystemCallFaults()
        faults.fail(.enter, with: error)
        for tag in 0..<20 {
            queue.nop(tag: UInt64(2 * tag))
            queue.timeout(after: .zero, tag: UInt64(2 * tag + 1))
        }
        #expect(queue.unsubmitted == 40)
        #expect(throws: UringError(.submit, errno: error)) { try queue.submit() }
        faults.restore(.enter)
        let found = try collect(queue, 40)
        let tags: [UInt64] = found.map(\.tag)
        #expect(tags.sorted() == Array(0..<40))
        let nops = tags.filter { $0.isMultiple(of: 2) }
        #expect(nops == Array(stride(from: UInt64(0), to: 40, by: 2)))
        let timeouts = found.filter { !$0.tag.isMultiple(of: 2) }
        #expect(timeouts.allSatisfy { $0.result == -ETIME }, "\(found)")
    }

    @Test(arguments: [1, 2, 32])
    func requestsFromInsideTheHandlerWhileTheQueueIsFull(entries: Int) throws {
        let queue = try UringQueue(entries: entries)
        var next: UInt64 = 1
        var seen: [UInt64] = []
        queue.nop(tag: 0)
        while seen.count < 3000 {
            try queue.wait()
            queue.forEachCompletion { completion in
                seen.append(completion.tag)
                for _ in 0..<7 where next < 3000 {
                    queue.nop(tag: next)
                    next += 1
                }
            }
        }
        #expect(seen == Array(0..<3000))
    }

    /// Submitting inside the handler has to make room in the completion queue, while a batch is being handed out.
    @Test(arguments: [EBUSY, EAGAIN])
    func makingRoomInsideTheHandlerKeepsTheBatch(error: Int32) throws {
        let queue = try UringQueue(entries: 512)
        for tag in 0..<300 { queue.nop(tag: UInt64(tag)) }
        try queue.wait(for: 300)
        let faults = SystemCallFaults()
        var seen: [UInt64] = []
        queue.forEachCompletion { completion in
            seen.append(completion.tag)
            if seen.count == 1 {
                faults.fail(.enter, with: error, times: 1)
                queue.nop(tag: 300)
                #expect(throws: Never.self) { try queue.submit() }
            }
        }
        if seen.count < 301 { seen += try collect(queue, 301 - seen.count).map(\.tag) }
        #expect(seen == Array(0..<301))
    }
}
