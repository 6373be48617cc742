// Every kind of completion, provoked on the kernel: what it says, what it costs, and what taking it leaves behind.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct CompletionTableTests {
    @Test(arguments: CompletionRow.all)
    func wholeBuffers(_ row: CompletionRow) throws { try run(row, .whole, expected: row.whole) }

    @Test(arguments: CompletionRow.all.filter { $0.incremental != nil })
    func incrementalBuffers(_ row: CompletionRow) throws {
        try run(row, .incremental(), expected: #require(row.incremental))
    }

    /// With a header, incremental groups need a `minimumLeft`.
    @Test func incrementalMessageWithEmptyPayload() throws {
        let row = try #require(CompletionRow.all.first { $0.name == "message multishot: empty payload" })
        try run(row, .incremental(minimumLeft: 64), expected: .kept(16))
    }

    /// A segment of the buffer is out when the rest of it is used up for nothing.
    @Test func incrementalRestUsedUpByAnEndOnAWorker() throws {
        let lane = try CompletionLane(.incremental())
        let file = OwnFile(.streamSocket)
        file.write("abc")
        guard case .buffer(let segment) = lane.group.take(try lane.end(.receive, on: file.reader)) else {
            Issue.record("no buffer")
            return
        }
        file.end()
        let end = try lane.end(.receive, on: file.reader, .async)
        #expect(end.result == 0 && end.flags.contains(.buffer) && lane.head == 1)
        #expect(Outcome(lane.group.take(end)) == .endOfStream)
        let isUsedUp = lane.group.books().unreaped == 0 && lane.group.lent == 1
        #expect(isUsedUp, "the kernel used up a buffer that the group counts on")
        segment.recycle()
        if isUsedUp {
            #expect(lane.group.lent == 0 && lane.group.books().balanced)
            try lane.group.close()
        } else {
            _ = Outcome(lane.group.take(result: 4000, flags: end.flags))
        }
    }

    /// More often than there are buffers, so that one that does not come home is missed.
    private func run(_ row: CompletionRow, _ consumption: Consumption, expected: CompletionRow.End) throws {
        let lane = try CompletionLane(consumption)
        for round in 0..<3 * CompletionLane.capacity {
            let receivedBefore = lane.group.books().receivedBytes
            let unreapedBefore = try #require(lane.group.books().unreaped)
            try #require(unreapedBefore == 0)
            let completion = try row.provoke(lane)
            let seen = CompletionRow.End(
                result: completion.result, hasBuffer: completion.flags.contains(.buffer),
                keepsBuffer: completion.flags.contains(.bufferMore),
                isConsumed: Int(lane.head &- lane.consumedBefore) == 1)
            check(seen, expected, row, consumption)

            #expect(Outcome(lane.group.take(completion)) == outcome(of: seen.result), "round \(round)")
            lane.group.refill()
            let books = lane.group.books()
            #expect(books.balanced, "round \(round): \(books.violations)")
            #expect(books.unreaped == 0, "round \(round): the kernel used up a buffer that the group counts on")
            #expect(lane.group.lent == 0 && books.states.lent == 0, "round \(round): \(books.states)")
            #expect(lane.group.available + lane.group.spares == CompletionLane.capacity, "round \(round)")
            #expect(books.receivedBytes >= receivedBefore + Int(max(seen.result, 0)))
            guard books.unreaped == 0 else {
                // One loss is enough to see. Nothing is kept for ever because of it: other tests count that.
                _ = Outcome(lane.group.take(result: Int32(CompletionLane.pageSize), flags: completion.flags))
                return
            }
        }
        // All of the group still works.
        _ = try lane.withEmptyRing { _ in Completion(tag: 0, result: 0, flags: []) }
        lane.group.refill()
        #expect(lane.group.available == CompletionLane.capacity)
        try lane.group.close()
    }

    private func check(
        _ seen: CompletionRow.End, _ expected: CompletionRow.End, _ row: CompletionRow, _ consumption: Consumption
    ) {
        guard seen != expected else { return }
        let message = "Linux \(RunningKernel.release), \(row.name), \(consumption): \(seen), expected \(expected)"
        if RunningKernel.isMeasured {
            Issue.record("\(message)")
        } else {
            print("KNOWN DIFFERENCE: \(message)")
            withKnownIssue("KNOWN DIFFERENCE") { Issue.record("\(message)") }
        }
    }

    private func outcome(of result: Int32) -> Outcome {
        switch result {
        case 1...: .buffer(Int(result))
        case 0: .endOfStream
        case -ENOBUFS: .starved
        default: .failed(-result)
        }
    }

    /// The row without a completion: nobody can take what nobody is told of. The books say that a buffer is missing, and
    /// closing refuses.
    @Test func skippedSuccessIsMissedByTheBooks() throws {
        let lane = try CompletionLane(.whole)
        let file = OwnFile(.streamSocket)
        file.write("abc")
        let request = BufferSelection(.receive, on: .streamSocket, flags: .skipSuccess, bufferSize: 4096)
        lane.requests.push(request, on: file.reader)
        #expect(try lane.requests.finish().isEmpty)
        #expect(lane.head == 1 && lane.group.books().unreaped == 1)
        let error = #expect(throws: UringError.self) { try lane.group.close() }
        #expect(error?.cause == .unreaped(1))
        // Whoever knows which buffer it was can tell the group.
        #expect(Outcome(lane.group.take(result: 3, flags: .buffer)) == .buffer(3))
        try lane.group.close()
    }
}
