// Each operation once, over real sockets.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite(.bothWaysOfWaiting) struct OperationTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func acceptConnectEchoShutdownClose(host: String) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 64, bufferSize: 100)
        let listener = try Socket.listen(on: try SocketAddress.resolve(host: host, port: 0)[0])
        let address = try Socket.localAddress(of: listener)
        #expect(address.port > 0)
        #expect(address.description == (host == "::1" ? "[::1]:\(address.port)" : "127.0.0.1:\(address.port)"))
        queue.acceptMultishot(on: listener, tag: 1)
        var clients: [Int32] = []
        for number in 0..<3 {
            let client = try Socket.make(for: address)
            Socket.setNoDelay(client)
            queue.connect(client, to: address, tag: UInt64(10 + number))
            clients.append(client)
        }
        let opened = try collect(queue, 6)
        #expect(opened.filter { $0.tag >= 10 }.map(\.result) == [0, 0, 0])
        let accepted = opened.filter { $0.tag == 1 }
        #expect(accepted.count == 3 && accepted.allSatisfy { $0.result >= 0 && !$0.isFinal })
        for completion in accepted {
            #expect(fcntl(completion.result, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(completion.result, F_GETFL) & O_NONBLOCK != 0)
        }
        // Any two sockets whose ports match are one connection.
        for server in accepted.map(\.result) {
            var stream = ByteStream(seed: UInt64(server))
            var check = stream
            let bundle = try filledBundle(queue, group, &stream, bytes: 1000)
            queue.send(bundle, to: server, tag: 20)
            #expect(try collect(queue, 1)[0] == Completion(tag: 20, result: 1000, flags: []))
            queue.shutdown(server, .write, tag: 21)
            #expect(try collect(queue, 1)[0].result == 0)
            let client = try #require(clients.first { hasInput($0) })
            let identity = ProcessState.identity(of: client)
            var ended = false
            while !ended {
                queue.receive(from: client, into: group, tag: 22)
                switch group.take(try collect(queue, 1)[0]) {
                case .buffer(let buffer):
                    let isNext = check.matches(buffer)
                    #expect(isNext)
                case .endOfStream: ended = true
                default: Issue.record("unexpected outcome")
                }
            }
            #expect(check.position == 1000)
            queue.close(client, tag: 23)
            queue.close(server, tag: 24)
            #expect(try collect(queue, 2).map(\.result) == [0, 0])
            // The number itself may be someone else's already: other tests run beside this one.
            #expect(ProcessState.identity(of: client) != identity)
            clients.removeAll { $0 == client }
        }
        queue.cancelAll(on: listener, tag: 30)
        let ended = try collect(queue, 2)
        #expect(ended.first { $0.tag == 30 }?.result == 1)
        #expect(ended.first { $0.tag == 1 }?.result == -ECANCELED && ended.first { $0.tag == 1 }?.isFinal == true)
        _ = close(listener)
        #expect(group.books().balanced && group.lent == 0)
    }

    private func hasInput(_ socket: Int32) -> Bool {
        var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&poll, 1, 0) == 1
    }

    @Test func connectRefused() throws {
        let queue = try UringQueue()
        let listener = try Socket.listen(on: try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0])
        let address = try Socket.localAddress(of: listener)
        _ = close(listener)
        let client = try Socket.make(for: address)
        queue.connect(client, to: address, tag: 1)
        #expect(try collect(queue, 1)[0].result == -ECONNREFUSED)
        #expect(UringError(.connect, errno: ECONNREFUSED).remedy == "Nothing listens at the address.")
        _ = close(client)
    }

    @Test func listeningTwiceIsEADDRINUSE() throws {
        let listener = try Socket.listen(on: try SocketAddress.resolve(host: "127.0.0.1", port: 0)[0])
        let address = try Socket.localAddress(of: listener)
        let error = #expect(throws: UringError.self) { _ = try Socket.listen(on: address) }
        #expect(error?.operation == .socket && error?.errno == EADDRINUSE)
        #expect(error?.remedy.contains("another port") == true)
        _ = close(listener)
    }

    @Test func oneShotReceiveWithALimit() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 100)
        pair.write([UInt8](repeating: 1, count: 50))
        queue.receive(from: pair.reader, into: group, limit: 20, tag: 1)
        let completion = try collect(queue, 1)[0]
        #expect(completion.result == 20 && completion.isFinal)
        #expect(completion.flags.contains(.socketNonEmpty))
        guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer") }
        #expect(buffer.count == 20)
    }

    @Test func multishotWithLimitAndBudget() throws {
        try #require(UringQueue.supportsReceiveBudget(), "this kernel has no receive budget: about Linux 6.17 does")
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 16, bufferSize: 64)
        pair.write([UInt8](repeating: 1, count: 500))
        queue.receiveMultishot(from: pair.reader, into: group, limit: 64, budget: 150, tag: 1)
        var bytes = 0
        var isFinal = false
        while !isFinal {
            for completion in try collect(queue, 1) {
                guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer") }
                #expect(buffer.count <= 64)
                bytes += buffer.count
                isFinal = completion.isFinal
            }
        }
        #expect((150..<150 + 64).contains(bytes), "overshoots by less than one buffer")
        #expect(group.books().balanced && group.lent == 0)
    }

    @Test func pollFirstDoesNotStarveWhileTheGroupIsEmpty() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1, bufferSize: 4)
        pair.write([1])
        queue.receive(from: pair.reader, into: group, tag: 1)
        guard case .buffer(let held) = group.take(try collect(queue, 1)[0]) else { fatalError("no buffer") }
        queue.receive(from: pair.reader, into: group, options: .pollFirst, tag: 2)
        try queue.submit()
        #expect(try queue.wait(timeout: .milliseconds(5)) == .timedOut)
        held.recycle()
        group.refill()
        pair.write([2])
        let completion = try collect(queue, 1)[0]
        #expect(completion.tag == 2 && completion.result == 1)
        guard case .buffer = group.take(completion) else { fatalError("no buffer") }
        #expect(group.books().starvations == 0)
    }

    @Test func timeoutNotBeforeItsTimeAndCancelled() throws {
        let queue = try UringQueue()
        let start = ContinuousClock.now
        queue.timeout(after: .milliseconds(25), tag: 1)
        #expect(try collect(queue, 1) == [Completion(tag: 1, result: -ETIME, flags: [])])
        #expect(ContinuousClock.now - start >= .milliseconds(25))
        queue.timeout(after: .seconds(Int64.max), tag: 2)
        try queue.submit()
        queue.cancel(tag: 2, tag: 3)
        let ended = try collect(queue, 2)
        #expect(ended.first { $0.tag == 2 }?.result == -ECANCELED)
        #expect(ended.first { $0.tag == 3 }?.result == 0)
        queue.cancel(tag: 2, tag: 4)
        #expect(try collect(queue, 1)[0].result == -ENOENT)
    }

    @Test func cancelsByTagAndByDescriptor() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64)
        for tag in 1...4 { queue.receive(from: pair.reader, into: group, tag: UInt64(tag)) }
        try queue.submit()
        queue.cancel(tag: 3, tag: 10)
        var ended = try collect(queue, 2)
        #expect(ended.first { $0.tag == 3 }?.result == -ECANCELED && ended.first { $0.tag == 10 }?.result == 0)
        queue.cancelAll(on: pair.reader, tag: 11)
        ended = try collect(queue, 4)
        #expect(ended.first { $0.tag == 11 }?.result == 3)
        for completion in ended where completion.tag != 11 {
            guard case .failed(let error) = group.take(completion) else { fatalError("not cancelled") }
            #expect(error.errno == ECANCELED)
        }
        #expect(group.books().balanced && group.available == 8)
    }

    @Test func pollReadable() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        queue.pollReadable(pair.reader, tag: 1)
        try queue.submit()
        #expect(try queue.wait(timeout: .milliseconds(5)) == .timedOut)
        pair.write([1])
        let completion = try collect(queue, 1)[0]
        #expect(completion.tag == 1 && completion.result & Int32(POLLIN) != 0 && completion.isFinal)
    }

    @Test func closingWhatIsNotOpenIsEBADF() throws {
        let queue = try UringQueue()
        queue.close(1_000_000, tag: 1)
        queue.shutdown(1_000_000, .both, tag: 2)
        #expect(try collect(queue, 2).map(\.result) == [-EBADF, -EBADF])
    }
}
