// How a queue hands over the time of a wait: through a slot of its ring's region, or in an argument.

import CBareRing
import Glibc
import KernelSupport
import Synchronization
import Testing
import UringBuffers
import UringBuffersTesting
import UringQueue

/// Which ways the tests of `BothWaysOfWaiting` took.
private let seen = Atomic<Int>(0)

@Suite struct WaitMethodTests {
    @Test(arguments: QueueMode.allCases)
    func automaticTakesTheRegion(mode: QueueMode) throws {
        let queue = try UringQueue(mode: mode)
        #expect(queue.waitsThroughRegion == true)
        let ordinary = try UringQueue(mode: mode, waiting: .ordinary)
        #expect(ordinary.waitsThroughRegion == false)
    }

    /// The control of the trait: this very test sees both ways, one after the other.
    @Test(.bothWaysOfWaiting) func theTraitTakesBothWays() throws {
        let isSecond = seen.add(1, ordering: .relaxed).oldValue == 1
        #expect(try UringQueue().waitsThroughRegion == !isSecond)
        #expect(WaitMethod.isForcedOrdinary == isSecond)
    }

    @Test func theOneRegionIsTakenOrFree() throws {
        let queue = try UringQueue()
        #expect(throws: UringError(.registerRegion, errno: EBUSY)) {
            _ = try MemoryRegion(ring: queue.descriptor, memory: PageMemory(byteCount: 4096)).byteCount
        }
        let ordinary = try UringQueue(waiting: .ordinary)
        let region = try MemoryRegion(ring: ordinary.descriptor, memory: PageMemory(byteCount: 4096))
        #expect(region.byteCount == 4096)
    }

    /// A wait with another time writes the slot, one with the same does not: both must hold.
    @Test(.bothWaysOfWaiting) func timesAlternate() throws {
        let queue = try UringQueue()
        let clock = ContinuousClock()
        for milliseconds in [5, 5, 1, 20, 20, 0, 5] {
            let start = clock.now
            #expect(try queue.wait(timeout: .milliseconds(milliseconds)) == .timedOut)
            #expect(clock.now - start >= .milliseconds(milliseconds))
            queue.nop(tag: 1)
            #expect(try queue.wait() == .ready)
            #expect(queue.forEachCompletion { _ in } == 1)
        }
    }

    @Test(.bothWaysOfWaiting) func aWaitForSeveralThatTimesOut() throws {
        let queue = try UringQueue()
        for tag in 0..<3 { queue.nop(tag: UInt64(tag)) }
        #expect(try queue.wait(for: 5, timeout: .milliseconds(10)) == .timedOut)
        #expect(try queue.wait(for: 5, timeout: .milliseconds(10)) == .timedOut, "nothing to submit")
        #expect(try queue.wait(for: 3, timeout: .seconds(1000)) == .ready)
        #expect(queue.forEachCompletion { _ in } == 3)
    }

    /// Completions that are there do not hide that a signal, not the time, ended a wait for more.
    @Test(.bothWaysOfWaiting) func aSignalEndsAWaitForSeveral() throws {
        try #require(test_let_signals_interrupt() == 0)
        let queue = try UringQueue()
        queue.nop(tag: 1)
        try queue.wait()
        let waiter = test_this_thread()
        let isDone = Flag()
        let signaller = OtherThread {
            while !isDone.isSet {
                _ = test_interrupt(waiter)
                usleep(1000)
            }
        }
        let outcome = Result { try queue.wait(for: 5, timeout: .seconds(1000)) }
        isDone.set()
        signaller.join()
        #expect(try outcome.get() == .interrupted)
        #expect(queue.forEachCompletion { _ in } == 1)
    }

    @Test(.bothWaysOfWaiting, arguments: [Duration.seconds(1 << 32), .seconds(Int64.max)])
    func hugeTimeoutsDoNotOverflowTheKernelsClock(timeout: Duration) throws {
        let queue = try UringQueue()
        let wakeUp = try queue.makeWakeUp()
        let thread = OtherThread {
            usleep(20_000)
            wakeUp.wake()
        }
        try queue.submit()
        #expect(try queue.wait(timeout: timeout) == .ready)
        thread.join()
    }

    @Test(.bothWaysOfWaiting, arguments: [nil, Duration.seconds(1000)])
    func minimumWaitGathersThenOneIsEnough(timeout: Duration?) throws {
        let queue = try UringQueue()
        let clock = ContinuousClock()
        let start = clock.now
        queue.nop(tag: 1)
        #expect(try queue.wait(for: 10, timeout: timeout, minimumWait: .milliseconds(20)) == .ready)
        #expect(clock.now - start >= .milliseconds(20))
        #expect(queue.forEachCompletion { _ in } == 1)
        // Enough at once does not wait for the minimum; it would be more than an hour.
        for tag in 0..<10 { queue.nop(tag: UInt64(tag)) }
        #expect(try queue.wait(for: 10, timeout: timeout, minimumWait: .seconds(4000)) == .ready)
        #expect(queue.forEachCompletion { _ in } == 10)
    }

    @Test(.bothWaysOfWaiting) func minimumWaitThenTheFirst() throws {
        let queue = try UringQueue()
        let clock = ContinuousClock()
        let start = clock.now
        queue.timeout(after: .milliseconds(40), tag: 1)
        #expect(try queue.wait(for: 10, minimumWait: .milliseconds(5)) == .ready)
        #expect(clock.now - start >= .milliseconds(40))
        #expect(queue.forEachCompletion { _ in } == 1)
    }

    @Test(.bothWaysOfWaiting) func minimumWaitAndNothingTimesOut() throws {
        let queue = try UringQueue()
        let clock = ContinuousClock()
        for minimum in [1, 10] {
            let start = clock.now
            let outcome = try queue.wait(for: minimum, timeout: .milliseconds(30), minimumWait: .milliseconds(5))
            #expect(outcome == .timedOut)
            #expect(clock.now - start >= .milliseconds(30))
        }
    }

    /// Completions that were set aside count, though the kernel does not know of them.
    @Test(.bothWaysOfWaiting) func minimumWaitCountsWhatWasSetAside() throws {
        let queue = try UringQueue()
        queue.nop(tag: 1)
        try queue.wait()
        // Makes the queue reap to make room.
        let faults = SystemCallFaults()
        faults.fail(.enter, with: EBUSY, times: 1)
        queue.nop(tag: 2)
        try queue.submit()
        #expect(try queue.wait(for: 10, minimumWait: .milliseconds(5)) == .ready)
        #expect(queue.forEachCompletion { _ in } == 2)
    }

    @Test(.bothWaysOfWaiting, arguments: [EBUSY, EAGAIN, ENOMEM, EINTR, ETIME])
    func injectedFailuresReachWaitsWithATime(error: Int32) throws {
        let queue = try UringQueue()
        let faults = SystemCallFaults()
        faults.fail(.enter, with: error, times: 1)
        queue.nop(tag: 1)
        let outcome = Result { try queue.wait(timeout: .seconds(1000)) }
        switch error {
        case EINTR: #expect(try outcome.get() == .interrupted)
        case ETIME: #expect(try outcome.get() == .timedOut)
        default: #expect(throws: UringError(.wait, errno: error)) { try outcome.get() }
        }
        #expect(try queue.wait(timeout: .seconds(1000)) == .ready, "nothing was lost")
        #expect(queue.forEachCompletion { _ in } == 1)
    }

    /// At the locked-memory limit there is no page for a region: the queue works without.
    @Test func withoutLockedMemoryItWaitsOrdinarily() async {
        await #expect(processExitsWith: .success) {
            // The ring itself takes two pages.
            try #require(test_become_unprivileged(2 * 4096) == 0)
            let queue = try UringQueue(entries: 1)
            #expect(queue.waitsThroughRegion == false)
            #expect(try queue.wait(timeout: .milliseconds(1)) == .timedOut)
            queue.nop(tag: 1)
            #expect(try queue.wait(timeout: .seconds(1000)) == .ready)
            #expect(queue.forEachCompletion { _ in } == 1)
        }
        await #expect(processExitsWith: .success) {
            try #require(test_become_unprivileged(3 * 4096) == 0)
            #expect(try UringQueue(entries: 1).waitsThroughRegion == true)
        }
    }

    /// The ring belongs to the thread that made the queue, since that enabled it.
    @Test(.bothWaysOfWaiting) func enablingMakesTheSubmitter() throws {
        let carried = Handoff(try UringQueue(mode: .deferred))
        onOtherThread {
            let queue = carried.take()
            #expect(throws: UringError(.registerBufferRing, errno: EEXIST)) {
                _ = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64).capacity
            }
            carried.put(queue)
        }
        let queue = carried.take()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64)
        #expect(try queue.wait(timeout: .milliseconds(1)) == .timedOut)
        try group.close()
    }
}
