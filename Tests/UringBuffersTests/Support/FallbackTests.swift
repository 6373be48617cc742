// The two modes without a ring of the kernel's: ids, shortage, cancelling, and every order of ends.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

private let fallbacks: [BufferMode] = [.providedBuffers, .callerChosen]

private func make(
    _ mode: BufferMode, on queue: borrowing UringQueue, id: BufferGroupID = 5, capacity: Int = 4
) throws -> BufferGroup {
    try BufferGroup(on: queue, id: id, capacity: capacity, bufferSize: 64, mode: mode)
}

/// The completions that come, by tag, without waiting for more than there is.
private func collect(_ queue: borrowing UringQueue, atLeast count: Int) throws -> [Completion] {
    var found: [Completion] = []
    while found.count < count {
        try queue.wait()
        queue.forEachCompletion { found.append($0) }
    }
    return found
}

@Suite struct FallbackTests {
    /// Which of the three a group is can be seen from the kernel's answer to a ring of the same id.
    @Test func theKernelKnowsOfWhatItShould() throws {
        for (mode, taken) in [(BufferMode.wholeBuffers, true), (.providedBuffers, true), (.callerChosen, false)] {
            let queue = try UringQueue(entries: 8)
            let group = try make(mode, on: queue)
            var error: UringError?
            do throws(UringError) {
                try BufferGroup(ring: queue.descriptor, id: 5, capacity: 4, bufferSize: 64).close()
            } catch let refusal { error = refusal }
            #expect(error?.errno == (taken ? EEXIST : nil), "\(mode)")
            try group.close()
        }
    }

    @Test func idsThatAreTaken() throws {
        let queue = try UringQueue(entries: 8)
        let ring = try make(.wholeBuffers, on: queue)
        #expect(throws: UringError(.provideBuffers, errno: EINVAL)) { _ = try make(.providedBuffers, on: queue).id }
        try ring.close()
        for mode in fallbacks {
            let group = try make(mode, on: queue)
            for other in fallbacks {
                #expect(throws: UringError(.provideBuffers, errno: EEXIST)) { _ = try make(other, on: queue).id }
            }
            try group.close()
        }
        #expect(UringError(.provideBuffers, errno: EINVAL).remedy.contains("choose another id"))
        #expect(BufferGroup.abandonedBytes == 0)
    }

    /// After the end nothing of the group is left in the kernel: a ring may have its id at once.
    @Test(arguments: fallbacks, [1, 64, 32768])
    func idsComeBack(mode: BufferMode, capacity: Int) throws {
        let queue = try UringQueue(entries: 8)
        for _ in 0..<3 {
            let group = try make(mode, on: queue, capacity: capacity)
            try group.close()
            let ring = try make(.wholeBuffers, on: queue)
            try ring.close()
        }
    }

    /// What the kernel refuses to be provided with is provided again, until it accepts.
    @Test func refusedBuffersAreProvidedAgain() throws {
        let queue = try UringQueue(entries: 8)
        let group = try make(.providedBuffers, on: queue, capacity: 1)
        let pair = SocketPair()
        pair.write([1, 2, 3])
        queue.receive(from: pair.reader, into: group, limit: 1, tag: 1)
        guard case .buffer(let first) = group.take(try collect(queue, atLeast: 1)[0]) else {
            Issue.record("no buffer")
            return
        }
        // The kernel lets a ring take the place of an empty group of provided buffers.
        let usurper = try BufferGroup(ring: queue.descriptor, id: 5, capacity: 1, bufferSize: 64)
        first.recycle()
        group.refill()
        for _ in 0..<3 {
            try queue.submit()
            queue.forEachCompletion { Issue.record("\($0)") }
        }
        try usurper.close()
        try queue.submit()
        queue.receive(from: pair.reader, into: group, limit: 1, tag: 1)
        guard case .buffer(let second) = group.take(try collect(queue, atLeast: 1)[0]) else {
            Issue.record("no buffer")
            return
        }
        // Safe: reads the buffer while the handle lives.
        let byte = unsafe second.withUnsafeBytes { unsafe $0[0] }
        #expect(byte == 2)
        second.recycle()
        #expect(group.books().balanced && group.books().starvations == 0)
        try group.close()
    }

    @Test(arguments: fallbacks)
    func shortageStarvesAndEnds(mode: BufferMode) throws {
        let queue = try UringQueue(entries: 8)
        let group = try make(mode, on: queue, capacity: 2)
        let pair = SocketPair()
        var stream = ByteStream(seed: 9)
        var incoming = stream
        pair.write(stream.next(300))
        var held: [Handoff<ProvidedBuffer>] = []
        for tag in 0..<3 as Range<UInt64> {
            queue.receiveMultishot(from: pair.reader, into: group, tag: tag)
            let completion = try #require(try collect(queue, atLeast: 1).first)
            #expect(completion.tag == tag && completion.isFinal)
            switch group.take(completion) {
            case .buffer(let buffer):
                let isNext = incoming.matches(buffer)
                #expect(isNext && tag < 2)
                held.append(Handoff(buffer))
            case .starved: #expect(tag == 2)
            default: Issue.record("\(completion)")
            }
        }
        let waits = group.rearmWhenRefilled(2)
        #expect(waits)
        held.removeFirst().end()
        let outcome = group.refill()
        #expect(outcome.rearm == [2])
        queue.receive(from: pair.reader, into: group, limit: 10, tag: 2)
        let last = try #require(try collect(queue, atLeast: 1).first)
        guard case .buffer(let buffer) = group.take(last) else {
            Issue.record("\(last)")
            return
        }
        let isNext = incoming.matches(buffer)
        #expect(isNext && last.result == 10)
        held.removeAll()
        let books = group.books()
        #expect(books.starvations == 1 && books.avoidableStarvations == 0 && books.unreaped == 0)
        try group.close()
    }

    /// Receives that wait hold nothing: as many as there may be share one buffer.
    @Test(arguments: fallbacks)
    func idleReceivesHoldNothing(mode: BufferMode) throws {
        let queue = try UringQueue(entries: 64)
        let group = try make(mode, on: queue, capacity: 1)
        let pairs = (0..<32).map { _ in SocketPair() }
        for (tag, pair) in pairs.enumerated() { queue.receive(from: pair.reader, into: group, tag: UInt64(tag)) }
        for tag in pairs.indices.reversed() {
            pairs[tag].write([UInt8(tag)])
            let completion = try #require(try collect(queue, atLeast: 1).first)
            #expect(completion.tag == UInt64(tag))
            guard case .buffer(let buffer) = group.take(completion) else {
                Issue.record("\(completion)")
                return
            }
            #expect(buffer.count == 1)
        }
        #expect(group.books().starvations == 0)
        try group.close()
    }

    /// Two receives wait for one socket: the one that finds nothing any more goes on waiting.
    @Test func nothingLeftToReceive() throws {
        let queue = try UringQueue(entries: 8)
        let group = try make(.callerChosen, on: queue)
        let pair = SocketPair()
        for tag in 1...2 as ClosedRange<UInt64> { queue.receive(from: pair.reader, into: group, tag: tag) }
        try queue.submit()
        var answered: Set<UInt64> = []
        for byte in 1...2 as ClosedRange<UInt8> {
            pair.write([byte])
            let completion = try #require(try collect(queue, atLeast: 1).first)
            #expect(completion.result == 1)
            answered.insert(completion.tag)
            _ = group.take(completion)
        }
        #expect(answered == [1, 2] && group.books().receivedBytes == 2 && group.books().balanced)
        try group.close()
    }

    @Test(arguments: fallbacks, [false, true])
    func armedReceivesAreCancelledFirst(mode: BufferMode, byDescriptor: Bool) throws {
        let queue = try UringQueue(entries: 8)
        let group = try make(mode, on: queue)
        let pair = SocketPair()
        queue.receive(from: pair.reader, into: group, tag: 1)
        queue.receive(from: pair.reader, into: group, tag: 2)
        try queue.submit()
        // Of a chosen buffer the kernel knows nothing while the receive waits.
        #expect(group.books().unreaped == (mode == .providedBuffers ? 2 : 0))
        if mode == .providedBuffers {
            let busy = UringError(.closeGroup, errno: EBUSY, cause: .unreaped(2))
            #expect(throws: busy) { try group.close() }
            #expect(busy.remedy.contains("armed"))
        }
        if byDescriptor {
            queue.cancelAll(on: pair.reader, tag: 9)
        } else {
            queue.cancel(tag: 2, tag: 9)
            queue.cancel(tag: 1, tag: 9)
        }
        let completions = try collect(queue, atLeast: byDescriptor ? 3 : 4)
        #expect(completions.filter { $0.tag == 9 }.map(\.result) == (byDescriptor ? [2] : [0, 0]))
        #expect(Set(completions.map(\.tag)) == [1, 2, 9])
        for completion in completions where completion.tag != 9 {
            guard case .failed(UringError(.receive, errno: ECANCELED)) = group.take(completion) else {
                Issue.record("\(completion)")
                continue
            }
        }
        // Refused close, cancelled receives: the group still works.
        pair.write([1, 2, 3])
        queue.receive(from: pair.reader, into: group, tag: 3)
        let last = try #require(try collect(queue, atLeast: 1).first)
        guard case .buffer(let buffer) = group.take(last) else {
            Issue.record("\(last)")
            return
        }
        #expect(buffer.count == 3)
        buffer.recycle()
        #expect(group.books().balanced && group.books().unreaped == 0)
        try group.close()
    }

    /// A cancellation may miss, so it may be asked for again; it ends one receive at a time.
    @Test(arguments: fallbacks)
    func cancellingAgain(mode: BufferMode) throws {
        let queue = try UringQueue(entries: 8)
        let group = try make(mode, on: queue)
        let pair = SocketPair()
        for _ in 0..<2 { queue.receive(from: pair.reader, into: group, tag: 1) }
        for tag in 7...9 as ClosedRange<UInt64> { queue.cancel(tag: 1, tag: tag) }
        let completions = try collect(queue, atLeast: 5)
        #expect(completions.filter { $0.tag == 1 }.map(\.result) == [-ECANCELED, -ECANCELED])
        // The third may still find what is ending.
        #expect((7...8).map { tag in completions.first { $0.tag == tag }?.result } == [0, 0])
        for completion in completions where completion.tag == 1 { _ = group.take(completion) }
        try group.close()
    }

    /// Cancelled while it was under way, then dropped with the queue: nothing may write any more, so the memory goes.
    @Test(arguments: fallbacks, [false, true])
    func theQueueEndsFirst(mode: BufferMode, isSubmitted: Bool) async {
        await #expect(processExitsWith: .success) { [name = mode.rawValue as String, isSubmitted] in
            let pair = SocketPair()
            let queue = try UringQueue(entries: 8)
            let group = try make(try #require(BufferMode(rawValue: name)), on: queue)
            queue.receive(from: pair.reader, into: group, tag: 1)
            if isSubmitted { try queue.submit() }
            #expect(group.books().unreaped == (name == "callerChosen" ? 0 : 1))
            _ = consume queue
            #expect(group.books().unreaped == 0)
            _ = consume group
            #expect(BufferGroup.abandonedBytes == 0)
        }
    }

    /// Dropped while a receive is armed for which the kernel picks, the memory stays. What comes later does no harm.
    @Test(arguments: fallbacks)
    func theGroupIsDroppedArmed(mode: BufferMode) async {
        await #expect(processExitsWith: .success) { [name = mode.rawValue as String] in
            let mode = try #require(BufferMode(rawValue: name))
            let pair = SocketPair()
            let queue = try UringQueue(entries: 8)
            let group = try make(mode, on: queue)
            queue.receive(from: pair.reader, into: group, tag: 1)
            try queue.submit()
            _ = consume group
            #expect((BufferGroup.abandonedBytes > 0) == (mode == .providedBuffers))
            pair.write([1, 2, 3])
            let completion = try #require(try collect(queue, atLeast: 1).first)
            #expect(completion.result == -ENOBUFS)
        }
    }

    @Test func anotherQueueIsNotItsOwn() async {
        await #expect(processExitsWith: .failure) {
            let one = try UringQueue(entries: 8)
            let other = try UringQueue(entries: 8)
            let group = try make(.callerChosen, on: one)
            other.receive(from: 0, into: group, tag: 1)
        }
    }
}
