// What each completion means: buffers, ends, errors, starvation. Ownership follows the flag, not the result.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

/// The shape of an outcome, which can be compared.
enum Outcome: Equatable {
    case buffer(Int), bundle(buffers: Int, bytes: Int), endOfStream, starved, failed(Int32), unbuffered(Int)

    /// Ends whatever buffers there are.
    init(_ outcome: consuming TakeOutcome) {
        switch consume outcome {
        case .buffer(let buffer): self = .buffer(buffer.count)
        case .bundle(let bundle): self = .bundle(buffers: bundle.count, bytes: bundle.byteCount)
        case .endOfStream: self = .endOfStream
        case .starved: self = .starved
        case .failed(let error): self = .failed(error.errno)
        case .unbuffered(let count): self = .unbuffered(count)
        }
    }
}

@Suite struct TakeOutcomeTests {
    @Test(arguments: DriverKind.allCases)
    func endOfStream(kind: DriverKind) throws {
        let driver = try kind.make()
        let pair = SocketPair()
        let group = try BufferGroup(ring: driver.descriptor, id: 1, capacity: 8, bufferSize: 64)
        driver.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        pair.closeWriter()
        let completion = try #require(try driver.completions(atLeast: 1).first)
        #expect(completion.result == 0 && completion.isFinal)
        #expect(Outcome(group.take(completion)) == .endOfStream)
        #expect(group.books().states.lent == 0 && group.books().balanced)
    }

    /// io-wq reports the end of a stream together with a buffer: it must come home.
    @Test func endOfStreamWithABuffer() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 64)
        pair.closeWriter()
        for _ in 0..<20 {
            ring.push(request(BARE_OP_RECV, pair.reader, flags: BARE_SQE_ASYNC))
            let completion = try #require(try ring.completions(atLeast: 1).first)
            #expect(completion.result == 0 && completion.flags.contains(.buffer))
            #expect(Outcome(group.take(completion)) == .endOfStream)
            group.refill()
        }
        let books = group.books()
        #expect(books.balanced, "\(books.violations)")
        #expect(books.selected == 20 && books.recycled == 20 && books.receivedBytes == 0)
    }

    /// Reading a directory fails with EISDIR and carries a buffer.
    @Test func errorWithABuffer() throws {
        let ring = try BareRing()
        let directory = unsafe open("/", O_RDONLY | O_DIRECTORY)
        defer { _ = close(directory) }
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 64)
        for _ in 0..<20 {
            ring.push(request(BARE_OP_READ, directory))
            let completion = try #require(try ring.completions(atLeast: 1).first)
            #expect(completion.result == -EISDIR && completion.flags.contains(.buffer))
            #expect(Outcome(group.take(completion)) == .failed(EISDIR))
            group.refill()
        }
        #expect(group.books().balanced && group.lent == 0)
    }

    @Test func errorWithoutABuffer() throws {
        let ring = try BareRing()
        let unconnected = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = close(unconnected) }
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 64)
        ring.push(request(BARE_OP_RECV, unconnected))
        let completion = try #require(try ring.completions(atLeast: 1).first)
        guard case .failed(let error) = group.take(completion) else {
            Issue.record("not an error: \(completion)")
            return
        }
        #expect(error == UringError(.receive, errno: ENOTCONN))
        #expect(error.symbol == "ENOTCONN")
        #expect(group.books().selected == 0)
    }

    @Test func cancelledAsyncReceiveBringsItsBufferHome() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 64)
        ring.push(request(BARE_OP_RECV, pair.reader, flags: BARE_SQE_ASYNC, tag: 5))
        #expect(try ring.completions(atLeast: 0).isEmpty)
        // Until io-wq has taken the buffer there is nothing to see; ask the kernel's head, not a clock.
        while group.books().unreaped == 0 { sched_yield() }
        var cancel = bare_request()
        cancel.opcode = UInt8(BARE_OP_ASYNC_CANCEL)
        cancel.fd = -1
        cancel.address = 5
        cancel.tag = 6
        ring.push(cancel)
        var found: [Completion] = []
        while found.count < 2 { found += try ring.completions(atLeast: 1) }
        let receive = try #require(found.first { $0.tag == 5 })
        #expect(receive.result == -ECANCELED && receive.flags.contains(.buffer))
        #expect(Outcome(group.take(receive)) == .failed(ECANCELED))
        #expect(group.books().balanced && group.books().unreaped == 0 && group.lent == 0)
    }

    @Test(arguments: DriverKind.allCases, [false, true])
    func starvation(kind: DriverKind, bundle: Bool) throws {
        let driver = try kind.make()
        let pair = SocketPair()
        let group = try BufferGroup(ring: driver.descriptor, id: 1, capacity: 1, bufferSize: 4)
        pair.write([1, 2, 3, 4, 5, 6])
        driver.receive(from: pair.reader, into: group, multishot: false, bundle: bundle, tag: 1)
        guard case .buffer(let held) = group.take(try driver.completions(atLeast: 1)[0]) else {
            Issue.record("no buffer")
            return
        }
        driver.receive(from: pair.reader, into: group, multishot: false, bundle: bundle, tag: 2)
        let dry = try driver.completions(atLeast: 1)[0]
        #expect(dry.result == -ENOBUFS && !dry.flags.contains(.buffer))
        #expect(Outcome(group.take(dry)) == .starved)
        #expect(group.books().starvations == 1 && group.books().avoidableStarvations == 0)
        #expect(group.available == 0)
        held.recycle()
        group.refill()
        #expect(group.available == 1)
        driver.receive(from: pair.reader, into: group, multishot: false, bundle: bundle, tag: 3)
        #expect(Outcome(group.take(try driver.completions(atLeast: 1)[0])) == .buffer(2))
        #expect(group.books().balanced)
        try group.close()
    }

    @Test func resultWithoutABufferIsToldApart() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: 64)
        #expect(Outcome(group.take(result: 17, flags: [])) == .unbuffered(17))
        #expect(Outcome(group.take(result: .max, flags: [.more])) == .unbuffered(Int(Int32.max)))
        #expect(Outcome(group.take(result: 0, flags: [])) == .endOfStream)
        #expect(Outcome(group.take(result: -EPIPE, flags: [])) == .failed(EPIPE))
        #expect(Outcome(group.take(result: .min + 1, flags: [])) == .failed(.max))
        #expect(group.books().balanced && group.available == 2)
    }

    private func request(
        _ opcode: Int, _ descriptor: Int32, flags: Int = 0, tag: UInt64 = 1
    ) -> bare_request {
        var made = bare_request()
        made.opcode = UInt8(opcode)
        made.flags = UInt8(BARE_SQE_BUFFER_SELECT | flags)
        made.fd = descriptor
        made.group = 1
        made.tag = tag
        return made
    }
}
