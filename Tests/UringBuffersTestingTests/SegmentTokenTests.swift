// A defect that the fuzzer found in its fourth input: tokens of segments.

import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct SegmentTokenTests {
    /// A token once took over the state of its whole buffer, although the kernel goes on filling it and other segments of
    /// it may be out.
    @Test func aTokenOfASegmentKeepsTheBooks() throws {
        let kernel = SimulatedKernel()
        let group = try kernel.makeGroup(id: 0, capacity: 16, bufferSize: 64, consumption: .incremental())
        let stream = kernel.makeStream(.unixStream)
        kernel.receive(from: stream, into: 0, options: .multishot, tag: 1)
        stream.send([1, 2, 3])
        kernel.run()
        let first = try segment(kernel, group)
        stream.send([4, 5])
        kernel.run()
        let second = try segment(kernel, group).intoToken()
        #expect(group.books().balanced && second.count == 2)
        first.recycle()
        #expect(group.books().balanced)
        second.reclaim().recycle()
        #expect(group.books().balanced && group.lent == 0)
    }

    private func segment(_ kernel: SimulatedKernel, _ group: borrowing BufferGroup) throws -> ProvidedBuffer {
        let completion = try #require(kernel.nextCompletion())
        guard case .buffer(let segment) = group.take(result: completion.result, flags: completion.flags) else {
            fatalError("no buffer")
        }
        return segment
    }

    @Test func aTokenOfASegmentBecomesAHandleOnce() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let kernel = SimulatedKernel()
            let group = try kernel.makeGroup(id: 0, capacity: 16, bufferSize: 64, consumption: .incremental())
            let stream = kernel.makeStream(.unixStream)
            kernel.receive(from: stream, into: 0, tag: 1)
            stream.send([1, 2, 3])
            kernel.run()
            let token = try SegmentTokenTests().segment(kernel, group).intoToken()
            token.reclaim().recycle()
            token.reclaim().recycle()
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("a token becomes a handle once"))
    }
}
