// Receives that the queue refuses: nothing reaches the kernel, and the completion tells why.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite(.bothWaysOfWaiting) struct RefusalTests {
    private func refusal(
        _ consumption: Consumption, on socket: Int32,
        _ receive: (borrowing UringQueue, borrowing BufferGroup) -> Void
    ) throws -> SelectionRefusal? {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: consumption)
        receive(queue, group)
        #expect(queue.unsubmitted == 0, "nothing reaches the kernel")
        let completion = try collect(queue, 1)[0]
        #expect(completion.tag == 7 && completion.result == -EINVAL && completion.isFinal)
        guard case .failed(let error) = group.take(completion) else { fatalError("not failed") }
        #expect(error.operation == .selectBuffers && error.errno == EINVAL)
        #expect(error.cause == completion.refusal.map { .refused($0) })
        #expect(completion.refusal.map { error.remedy.contains($0.reason) } == true, "\(error)")
        try group.close()
        return completion.refusal
    }

    private func datagrams() -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        precondition(unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    @Test func datagramsIntoIncrementalBuffers() throws {
        let (reader, writer) = datagrams()
        defer { for end in [reader, writer] { _ = close(end) } }
        for isMultishot in [false, true] {
            let refusal = try refusal(.incremental(), on: reader) { queue, group in
                if isMultishot {
                    queue.receiveMultishot(from: reader, into: group, tag: 7)
                } else {
                    queue.receive(from: reader, into: group, tag: 7)
                }
            }
            #expect(refusal == .incrementalDatagram)
        }
    }

    @Test func datagramsWithAMinimumAreReceived() throws {
        let (reader, writer) = datagrams()
        defer { for end in [reader, writer] { _ = close(end) } }
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: .incremental(minimumLeft: 20))
        for length in 1...20 {
            let bytes = [UInt8](repeating: UInt8(length), count: length)
            let sent = unsafe bytes.withUnsafeBytes { unsafe send(writer, $0.baseAddress, $0.count, 0) }
            #expect(sent == length)
            queue.receive(from: reader, into: group, tag: 7)
            guard case .buffer(let buffer) = group.take(try collect(queue, 1)[0]) else { fatalError("no buffer") }
            let read = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
            #expect(read == bytes)
        }
        try group.close()
    }

    @Test func limitsThatTheKernelDoesNotKeepOrHold() throws {
        let pair = SocketPair()
        let limited = try refusal(.incremental(), on: pair.reader) { queue, group in
            queue.receive(from: pair.reader, into: group, limit: 10, options: .bundle, tag: 7)
        }
        #expect(limited == .incrementalBundleLength)
        for consumption in [Consumption.whole, .incremental()] {
            for limit in [-1, Int(UInt32.max), Int.min] {
                let range = try refusal(consumption, on: pair.reader) { queue, group in
                    queue.receive(from: pair.reader, into: group, limit: limit, tag: 7)
                }
                #expect(range == .lengthOutOfRange)
            }
            let budget = try refusal(consumption, on: pair.reader) { queue, group in
                queue.receiveMultishot(from: pair.reader, into: group, budget: -1, tag: 7)
            }
            #expect(budget == .lengthOutOfRange)
        }
    }

    @Test func bundlesWithAMinimum() throws {
        let pair = SocketPair()
        for isMultishot in [false, true] {
            let refusal = try refusal(.incremental(minimumLeft: 16), on: pair.reader) { queue, group in
                if isMultishot {
                    queue.receiveMultishot(from: pair.reader, into: group, options: .bundle, tag: 7)
                } else {
                    queue.receive(from: pair.reader, into: group, options: .bundle, tag: 7)
                }
            }
            #expect(refusal == .incrementalBundleMinimum)
        }
    }

    @Test func aDescriptorThatIsNotOpenIsTheKernelsToRefuse() throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: .incremental())
        queue.receive(from: 1_000_000, into: group, tag: 7)
        let completion = try collect(queue, 1)[0]
        #expect(completion.result == -EBADF && completion.refusal == nil)
        try group.close()
    }

    /// A refusal waits with the kernel's completions, also behind a wait for several.
    @Test func refusalsCountAsCompletions() throws {
        let (reader, writer) = datagrams()
        defer { for end in [reader, writer] { _ = close(end) } }
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: .incremental())
        for tag in 0..<300 { queue.receive(from: reader, into: group, tag: UInt64(tag)) }
        queue.nop(tag: 300)
        let tags = Set(try collect(queue, 301).map(\.tag))
        #expect(tags == Set(0...300))
        try group.close()
    }
}
