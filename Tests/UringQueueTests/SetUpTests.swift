// Making a queue: modes, sizes, refusals, and the thread that owns it.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite(.bothWaysOfWaiting) struct SetUpTests {
    @Test(arguments: QueueMode.allCases)
    func everyModeWorks(mode: QueueMode) throws {
        let queue = try UringQueue(mode: mode)
        #expect(queue.mode == (mode == .automatic ? .deferred : mode), "automatic takes the newest")
        #expect(queue.supportsBundles == true)
        queue.nop(tag: 3)
        #expect(queue.unsubmitted == 1)
        #expect(try collect(queue, 1) == [Completion(tag: 3, result: 0, flags: [])])
        #expect(queue.unsubmitted == 0)
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (100, 128), (256, 256), (32768, 32768)])
    func entriesAreRoundedUp(asked: Int, made: Int) throws {
        let queue = try UringQueue(entries: asked)
        #expect(queue.submissionEntries == made && queue.completionEntries == made * 2)
        let wide = try UringQueue(entries: 1, completionEntries: asked)
        #expect(wide.submissionEntries == 1 && wide.completionEntries == made)
    }

    @Test(arguments: [Int.min, -1, 0, 32769, Int.max])
    func refusesEntries(entries: Int) {
        let error = #expect(throws: UringError.self) { _ = try UringQueue(entries: entries).descriptor }
        #expect(error == UringError(.createQueue, errno: EINVAL, cause: .queueEntries(entries)))
        #expect(error?.remedy.contains("\(entries)") == true)
    }

    @Test(arguments: [Int.min, -1, 0, 65537, Int.max])
    func refusesCompletionEntries(entries: Int) {
        let error = #expect(throws: UringError.self) {
            _ = try UringQueue(entries: 1, completionEntries: entries).descriptor
        }
        #expect(error == UringError(.createQueue, errno: EINVAL, cause: .queueEntries(entries)))
    }

    @Test func fewerCompletionsThanSubmissionsIsTheKernelsEINVAL() {
        let error = #expect(throws: UringError.self) {
            _ = try UringQueue(entries: 256, completionEntries: 16).descriptor
        }
        #expect(error?.operation == .createQueue && error?.errno == EINVAL)
    }

    @Test func anotherThreadCannotSubmitADeferredQueue() throws {
        let carried = Handoff(try UringQueue(mode: .deferred))
        onOtherThread {
            let queue = carried.take()
            queue.nop(tag: 1)
            let submit = #expect(throws: UringError.self) { try queue.submit() }
            #expect(submit?.operation == .submit)
            #expect(submit?.remedy.contains("thread") == true, "\(submit?.description ?? "")")
            let wait = #expect(throws: UringError.self) { try queue.wait() }
            #expect(wait?.operation == .wait)
            #expect(wait?.remedy.contains("thread") == true, "\(wait?.description ?? "")")
            carried.put(queue)
        }
        let queue = carried.take()
        #expect(try collect(queue, 1).map(\.tag) == [1], "nothing was lost")
    }

    @Test func tagsOfTheQueueItselfAreRefused() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try UringQueue().nop(tag: 1 << 63)
        }
        #expect(message(result).contains("tags must be below 2^63"))
    }

    @Test func largestTagComesBack() throws {
        let queue = try UringQueue()
        queue.nop(tag: 1 << 63 - 1)
        #expect(try collect(queue, 1).map(\.tag) == [1 << 63 - 1])
    }
}
