// Mistakes with ranges and transfers that no program can go on with: each says where, and what to do.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct FixedTrapTests {
    /// A queue, and a range of two pages in slot 3.
    private struct Scene: ~Copyable {
        let queue: UringQueue
        let table: FixedBufferTable
        var range: FixedRange
        init() throws {
            let queue = try UringQueue()
            let table = try FixedBufferTable(ring: queue.descriptor, slots: 4)
            range = try table.register(PageMemory(byteCount: 8192), in: 3)
            self.queue = queue
            self.table = table
        }
    }

    @Test func moreThanTheRangeHas() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var scene = try Scene()
            _ = scene.range.takeFirst(8193).count
        }
        #expect(message(result).contains("slot 3: a range of 8192 bytes cannot give 8193: cut at most what it has"))
    }

    @Test func rangesThatAreNoNeighbours() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var scene = try Scene()
            let first = scene.range.takeFirst(100)
            _ = scene.range.takeFirst(100)
            scene.range.append(first)
        }
        #expect(message(result).contains("the range 0..<100 of slot 3 does not follow 200..<8192: join neighbours"))
    }

    @Test func moreWrittenThanThereIs() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let scene = try Scene()
            scene.queue.write(scene.range, first: 8193, to: 1, at: 0, tag: 1)
        }
        #expect(message(result).contains("a range of 8192 bytes cannot write 8193"))
    }

    @Test func negativeOffset() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let scene = try Scene()
            scene.queue.read(from: 0, at: -1, into: scene.range, tag: 1)
        }
        #expect(message(result).contains("a file has no byte -1"))
    }

    @Test func transferTakenTwice() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let scene = try Scene()
            scene.queue.write(scene.range, to: 1_000_000, at: 0, tag: 1)
            let completion = try collect(scene.queue, 1)[0]
            _ = scene.queue.takeTransfer(completion)!.range.count
            _ = scene.queue.takeTransfer(completion)!.range.count
        }
        #expect(message(result).contains("transfer 0 was taken already"))
    }
}
