// Waits through the slots of a region, on a ring of one's own: every field, and every way a wait ends.

import CBareRing
import Glibc
import KernelSupport
import Synchronization
import Testing
import UringBuffers
import UringQueue

/// An enabled ring with wait slots.
private struct Waiting: ~Copyable {
    let ring: BareRing
    let region: MemoryRegion

    init(_ kind: RingMemoryKind = .application, slots: Int = 1, flags: UInt32 = 0) throws {
        let made = try BareRing(flags: flags | UInt32(BARE_SETUP_R_DISABLED))
        let slotted = try makeRegion(made.descriptor, kind, bytes: 4096, waitSlots: slots)
        try MemoryRegion.enable(ring: made.descriptor)
        ring = made
        region = slotted
    }

    func pushNops(_ count: Int) {
        for tag in 0..<count {
            var request = bare_request()
            request.tag = UInt64(tag)
            ring.push(request)
        }
    }
}

private let timedOut = UringError(.wait, errno: ETIME)

@Suite struct RegisteredWaitTests {
    @Test(arguments: RingMemoryKind.allCases, [0, UInt32(BARE_SETUP_SINGLE_ISSUER | BARE_SETUP_DEFER_TASKRUN)])
    func timesOutNotBeforeItsTime(kind: RingMemoryKind, flags: UInt32) throws {
        let waiting = try Waiting(kind, flags: flags)
        for milliseconds in [0, 1, 30, 2] {
            try waiting.region.set(RegisteredWait(timeout: .milliseconds(milliseconds)), in: 0)
            let clock = ContinuousClock()
            let start = clock.now
            #expect(throws: timedOut) { try waiting.region.wait(slot: 0) }
            #expect(clock.now - start >= .milliseconds(milliseconds))
        }
        #expect(timedOut.remedy.contains("without a completion"))
        try waiting.region.set(RegisteredWait(timeout: .seconds(-5)), in: 0)
        #expect(throws: timedOut) { try waiting.region.wait(slot: 0) }
    }

    /// Equal waits need no writing: the slot keeps what it says.
    @Test func aSlotServesManyWaits() throws {
        let waiting = try Waiting()
        try waiting.region.set(RegisteredWait(timeout: .microseconds(10)), in: 0)
        for _ in 0..<100 { #expect(throws: timedOut) { try waiting.region.wait(slot: 0) } }
    }

    @Test(arguments: RingMemoryKind.allCases)
    func submitsAndReturnsWhenCompletionsAreThere(kind: RingMemoryKind) throws {
        let waiting = try Waiting(kind)
        try waiting.region.set(RegisteredWait(timeout: .seconds(1000)), in: 0)
        waiting.pushNops(5)
        #expect(try waiting.region.wait(slot: 0, submitting: 5, for: 5) == 5)
        #expect(try waiting.region.wait(slot: 0, for: 5) == 0, "they are there already")
        #expect(try waiting.ring.completions(atLeast: 0).map(\.tag) == Array(0..<5))
    }

    /// All 63 slots that a page holds wait their own time; the neighbours, and the region's beginning, would wait for
    /// ever. The kernel reads a slot in the last 64 bytes at offset 0, so there is none.
    @Test(arguments: RingMemoryKind.allCases)
    func everySlotIsItsOwn(kind: RingMemoryKind) throws {
        let waiting = try Waiting(kind, slots: 63)
        for slot in 0..<63 {
            try waiting.region.set(RegisteredWait(timeout: .microseconds(slot)), in: slot)
            #expect(throws: timedOut) { try waiting.region.wait(slot: slot) }
            try waiting.region.set(RegisteredWait(), in: slot)
        }
    }

    @Test func threadsWaitThroughSlotsOfTheirOwn() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        let region = Handoff(try makeRegion(ring.descriptor, .application, bytes: 4096, waitSlots: 8))
        try MemoryRegion.enable(ring: ring.descriptor)
        let shared = Shared(region.take())
        let threads = (0..<8).map { slot in
            OtherThread {
                for round in 0..<20 {
                    let microseconds = (slot * 37 + round * 11) % 500
                    #expect(throws: timedOut) {
                        try shared.region.set(RegisteredWait(timeout: .microseconds(microseconds)), in: slot)
                        try shared.region.wait(slot: slot)
                    }
                }
            }
        }
        for thread in threads { thread.join() }
    }

    @Test func minimumWaitGathersThenOneIsEnough() throws {
        let waiting = try Waiting()
        try waiting.region.set(RegisteredWait(timeout: .seconds(1000), minimumWait: .milliseconds(20)), in: 0)
        waiting.pushNops(1)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try waiting.region.wait(slot: 0, submitting: 1, for: 10) == 1)
        #expect(clock.now - start >= .milliseconds(20))
        #expect(try waiting.ring.completions(atLeast: 0).count == 1)
    }

    @Test func minimumWaitDoesNotDelayEnough() throws {
        let waiting = try Waiting()
        try waiting.region.set(RegisteredWait(minimumWait: .seconds(4000)), in: 0)
        waiting.pushNops(3)
        #expect(try waiting.region.wait(slot: 0, submitting: 3, for: 3) == 3)
    }

    /// The kernel itself would end a wait without a time after the minimum, with nothing there.
    @Test func minimumWaitWithoutATimeoutGoesOn() throws {
        let waiting = try Waiting()
        let pair = SocketPair()
        try waiting.region.set(RegisteredWait(minimumWait: .milliseconds(1)), in: 0)
        let memory = try PageMemory(byteCount: 4096)
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_RECV)
        request.fd = pair.reader
        unsafe request.address = UInt64(UInt(bitPattern: memory.baseAddress))
        request.length = 1
        waiting.ring.push(request)
        let writer = pair.writer
        let thread = OtherThread {
            usleep(30_000)
            var byte: UInt8 = 1
            _ = unsafe write(writer, &byte, 1)
        }
        // Submitted alone, so that the outcome of the wait is not hidden by the count.
        _ = try waiting.ring.completions(atLeast: 0)
        #expect(try waiting.region.wait(slot: 0, for: 4) == 0)
        thread.join()
        #expect(try waiting.ring.completions(atLeast: 0).map(\.result) == [1])
    }

    @Test func minimumWaitThatIsNotBelowTheTimeoutDoesNotReplaceIt() throws {
        let waiting = try Waiting()
        try waiting.region.set(RegisteredWait(timeout: .milliseconds(1), minimumWait: .seconds(1000)), in: 0)
        #expect(throws: timedOut) { try waiting.region.wait(slot: 0, for: 2) }
    }

    @Test func minimumWaitMustFitTheKernelsField() throws {
        let waiting = try Waiting()
        try waiting.region.set(RegisteredWait(minimumWait: .microseconds(Int(UInt32.max))), in: 0)
        for wait in [Duration.microseconds(1 << 32), .seconds(4295), .seconds(Int64.max)] {
            let cause = UringError.Cause.minimumWait(seconds: wait.components.seconds)
            let error = #expect(throws: UringError(.wait, errno: EINVAL, cause: cause)) {
                try waiting.region.set(RegisteredWait(minimumWait: wait), in: 0)
            }
            #expect(error?.remedy.contains("4295 seconds") == true)
        }
    }

    /// A signal that the slot's mask blocks does not end the wait; without a mask it does.
    @Test(arguments: [true, false])
    func signalMask(blocked: Bool) throws {
        try #require(test_let_signals_interrupt() == 0)
        let waiting = try Waiting()
        let mask = blocked ? SignalMask(blocking: [SIGUSR1]) : nil
        #expect(mask?.rawValue == (blocked ? 1 << UInt64(SIGUSR1 - 1) : nil))
        let timeout = Duration.milliseconds(blocked ? 100 : 1_000_000)
        try waiting.region.set(RegisteredWait(timeout: timeout, signalMask: mask), in: 0)
        let waiter = test_this_thread()
        let isDone = Atomic<Bool>(false)
        let signaller = unsafe withUnsafePointer(to: isDone) { flag in
            let address = UInt(bitPattern: flag)
            return OtherThread {
                let flag = unsafe UnsafePointer<Atomic<Bool>>(bitPattern: address)!
                // Again and again, because a signal before the wait begins ends nothing.
                while unsafe !flag.pointee.load(ordering: .acquiring) {
                    _ = test_interrupt(waiter)
                    usleep(1000)
                }
            }
        }
        let result = Result { try waiting.region.wait(slot: 0) }
        isDone.store(true, ordering: .releasing)
        signaller.join()
        #expect(throws: UringError(.wait, errno: blocked ? ETIME : EINTR)) { try result.get() }
    }

    @Test func aRingThatIsNotEnabledIsEBADFD() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        let region = try makeRegion(ring.descriptor, .application, bytes: 4096, waitSlots: 1)
        let error = #expect(throws: UringError(.wait, errno: EBADFD)) { try region.wait(slot: 0) }
        #expect(error?.remedy.contains("enable(ring:)") == true)
    }

    @Test(arguments: [Duration.seconds(1 << 32), .seconds(Int64.max)])
    func hugeTimeoutsDoNotOverflowTheKernelsClock(timeout: Duration) throws {
        let waiting = try Waiting()
        try waiting.region.set(RegisteredWait(timeout: timeout), in: 0)
        let pair = SocketPair()
        let memory = try PageMemory(byteCount: 4096)
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_RECV)
        request.fd = pair.reader
        unsafe request.address = UInt64(UInt(bitPattern: memory.baseAddress))
        request.length = 1
        waiting.ring.push(request)
        _ = try waiting.ring.completions(atLeast: 0)
        let writer = pair.writer
        let thread = OtherThread {
            usleep(20_000)
            var byte: UInt8 = 1
            _ = unsafe write(writer, &byte, 1)
        }
        #expect(try waiting.region.wait(slot: 0) == 0)
        thread.join()
    }

    @Test(arguments: [-1, 1, Int.max])
    func slotsThatAreNotThereTrap(slot: Int) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [slot = slot as Int] in
            try Waiting().region.wait(slot: slot)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("there is no slot"))
    }
}

/// A region for several threads.
private final class Shared: Sendable {
    let region: MemoryRegion
    init(_ region: consuming MemoryRegion) { self.region = region }
}
