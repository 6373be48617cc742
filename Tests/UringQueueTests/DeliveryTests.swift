// Waiting and handing out: outcomes, batches, handlers that throw, signals and wake-ups.

import CBareRing
import Glibc
import KernelSupport
import Synchronization
import Testing
import UringBuffers
import UringQueue

@Suite struct DeliveryTests {
    private struct Stop: Error {}

    @Test(arguments: [1, 255, 256, 257, 1000])
    func everyCompletionInOneCall(count: Int) throws {
        let queue = try UringQueue(entries: 1024)
        for tag in 0..<count { queue.nop(tag: UInt64(tag)) }
        try queue.wait(for: count)
        var seen: [UInt64] = []
        #expect(queue.forEachCompletion { seen.append($0.tag) } == count)
        #expect(seen == Array(0..<UInt64(count)))
        #expect(queue.forEachCompletion { _ in Issue.record("nothing is left") } == 0)
    }

    @Test(arguments: [1, 10, 300, 600])
    func whatAThrowLeavesComesFirstNextTime(count: Int) throws {
        let queue = try UringQueue(entries: 1024)
        for tag in 0..<count { queue.nop(tag: UInt64(tag)) }
        try queue.wait(for: count)
        var seen: [UInt64] = []
        while seen.count < count {
            // Every third completion throws.
            do throws(Stop) {
                try queue.forEachCompletion { (completion) throws(Stop) in
                    seen.append(completion.tag)
                    if completion.tag % 3 == 0 { throw Stop() }
                }
            } catch {}
        }
        #expect(seen == Array(0..<UInt64(count)))
    }

    /// A wait for nothing has nothing to submit, and runs what the kernel put off all the same.
    @Test(arguments: [QueueMode.deferred, .cooperative, .plain])
    func aWaitForNothingRunsWhatWasPutOff(mode: QueueMode) throws {
        let queue = try UringQueue(mode: mode)
        let pair = SocketPair()
        queue.pollReadable(pair.reader, tag: 7)
        try queue.submit()
        pair.write([1])
        #expect(try queue.wait(for: 0) == .ready)
        var seen: [UInt64] = []
        queue.forEachCompletion { seen.append($0.tag) }
        #expect(seen == [7])
    }

    /// "Calls `body` with every completion that is there now": also after a throw left some behind.
    @Test func everythingThatIsThereAfterAThrow() throws {
        let queue = try UringQueue(entries: 1024)
        for tag in 0..<300 { queue.nop(tag: UInt64(tag)) }
        try queue.wait(for: 300)
        #expect(throws: Stop.self) { try queue.forEachCompletion { (_) throws(Stop) in throw Stop() } }
        #expect(queue.forEachCompletion { _ in } == 299)
    }

    /// What a throw left counts towards the minimum, and is not enough for it.
    @Test func waitForMoreThanAThrowLeft() throws {
        let queue = try UringQueue()
        queue.nop(tag: 0)
        queue.nop(tag: 1)
        try queue.wait(for: 2)
        #expect(throws: Stop.self) { try queue.forEachCompletion { (_) throws(Stop) in throw Stop() } }
        queue.timeout(after: .milliseconds(20), tag: 2)
        #expect(try queue.wait(for: 2) == .ready)
        var seen: [UInt64] = []
        queue.forEachCompletion { seen.append($0.tag) }
        // The throw may have left one batch, so a second look is allowed.
        queue.forEachCompletion { seen.append($0.tag) }
        #expect(seen == [1, 2])
    }

    @Test func handlingInsideTheHandlerTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let queue = try UringQueue()
            queue.nop(tag: 1)
            try queue.wait()
            queue.forEachCompletion { _ in queue.forEachCompletion { _ in } }
        }
        #expect(message(result).contains("completions are being handed out already"))
    }

    @Test func handlingAgainAfterAThrowWorks() throws {
        let queue = try UringQueue()
        queue.nop(tag: 1)
        try queue.wait()
        #expect(throws: Stop.self) { try queue.forEachCompletion { (_) throws(Stop) in throw Stop() } }
        #expect(queue.forEachCompletion { _ in } == 0)
    }

    @Test(arguments: QueueMode.allCases)
    func waitTimesOutNotBeforeItsTime(mode: QueueMode) throws {
        let queue = try UringQueue(mode: mode)
        let start = ContinuousClock.now
        #expect(try queue.wait(timeout: .milliseconds(30)) == .timedOut)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
        #expect(try queue.wait(timeout: .zero) == .timedOut)
        #expect(try queue.wait(timeout: .seconds(-5)) == .timedOut)
        queue.nop(tag: 1)
        #expect(try queue.wait(timeout: .seconds(1000)) == .ready)
        #expect(try queue.wait(timeout: .zero) == .ready, "not handed out yet")
        #expect(queue.forEachCompletion { _ in } == 1)
    }

    /// The same when the wait has something to submit, which is the ordinary case.
    @Test func timeoutOfAWaitThatSubmitsIsTimedOut() throws {
        let queue = try UringQueue()
        let pair = SocketPair()
        queue.pollReadable(pair.reader, tag: 1)
        #expect(try queue.wait(timeout: .milliseconds(5)) == .timedOut)
        #expect(queue.forEachCompletion { _ in } == 0)
    }

    @Test func fewerThanTheMinimumAtTheTimeoutIsTimedOut() throws {
        let queue = try UringQueue()
        queue.nop(tag: 1)
        let start = ContinuousClock.now
        #expect(try queue.wait(for: 2, timeout: .milliseconds(30)) == .timedOut)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
        #expect(queue.forEachCompletion { _ in } == 1)
    }

    @Test func waitForNothingReturns() throws {
        let queue = try UringQueue()
        #expect(try queue.wait(for: 0) == .ready)
        queue.nop(tag: 1)
        #expect(try queue.wait(for: 0) == .ready)
        #expect(queue.unsubmitted == 0)
    }

    @Test(arguments: [nil, Duration.seconds(1000)])
    func signalEndsTheWait(timeout: Duration?) throws {
        try #require(test_let_signals_interrupt() == 0)
        let queue = try UringQueue()
        let waiter = test_this_thread()
        let isDone = Flag()
        // Again and again, because a signal before the wait begins ends nothing.
        let signaller = OtherThread {
            while !isDone.isSet {
                _ = test_interrupt(waiter)
                usleep(1000)
            }
        }
        let outcome = Result { try queue.wait(timeout: timeout) }
        isDone.set()
        signaller.join()
        #expect(try outcome.get() == .interrupted)
        queue.nop(tag: 5)
        #expect(try collect(queue, 1).map(\.tag) == [5], "nothing was lost")
    }

    /// A wait that also submits and is interrupted must not say that completions are there.
    @Test func signalEndsAWaitThatSubmits() throws {
        try #require(test_let_signals_interrupt() == 0)
        let queue = try UringQueue()
        let pair = SocketPair()
        let waiter = test_this_thread()
        queue.pollReadable(pair.reader, tag: 1)
        let isDone = Flag()
        let signaller = OtherThread {
            while !isDone.isSet {
                _ = test_interrupt(waiter)
                usleep(1000)
            }
        }
        let outcome = Result { try queue.wait() }
        isDone.set()
        signaller.join()
        let there = queue.forEachCompletion { _ in }
        #expect(there == 0)
        #expect(try outcome.get() == .interrupted)
    }

    @Test func wakeUpFromAnotherThread() throws {
        let queue = try UringQueue()
        let wakeUp = try queue.makeWakeUp()
        #expect(try queue.makeWakeUp() === wakeUp)
        #expect(queue.takeWakeUp() == false)
        for _ in 0..<50 {
            let thread = OtherThread { wakeUp.wake() }
            var wasWoken = false
            while !wasWoken {
                #expect(try queue.wait() == .ready)
                #expect(queue.forEachCompletion { _ in Issue.record("wake-ups are not passed on") } == 0)
                wasWoken = queue.takeWakeUp()
            }
            #expect(queue.takeWakeUp() == false)
            thread.join()
        }
    }

    @Test func wakeUpsBeforeTheWaitAreOne() throws {
        let queue = try UringQueue()
        let wakeUp = try queue.makeWakeUp()
        for _ in 0..<1000 { wakeUp.wake() }
        try queue.wait()
        queue.forEachCompletion { _ in }
        #expect(queue.takeWakeUp() == true)
        #expect(try queue.wait(timeout: .milliseconds(1)) == .timedOut)
        queue.forEachCompletion { _ in }
        #expect(queue.takeWakeUp() == false)
    }

    @Test func wakeUpOutlivesItsQueue() throws {
        func orphan() throws -> WakeUp {
            let queue = try UringQueue()
            return try queue.makeWakeUp()
        }
        let wakeUp = try orphan()
        wakeUp.wake()
        wakeUp.wake()
    }

    @Test func runStopsAfterTheBatchAtHand() throws {
        let queue = try UringQueue()
        for tag in 0..<10 { queue.nop(tag: UInt64(tag)) }
        var seen = 0
        try queue.run { _ in
            seen += 1
            if seen == 3 { queue.stop() }
        }
        #expect(seen == 10)
        // And again: a stop is for one run.
        queue.nop(tag: 1)
        try queue.run { _ in queue.stop() }
    }

    @Test func runPassesErrorsOnAndKeepsTheRest() throws {
        let queue = try UringQueue()
        queue.nop(tag: 1)
        queue.nop(tag: 2)
        let broken = UringError(.receive, errno: EPIPE)
        #expect(throws: broken) { try queue.run { (_) throws(UringError) in throw broken } }
        #expect(try collect(queue, 1).map(\.tag) == [2])
    }
}

/// Something that happened.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
