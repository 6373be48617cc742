// A defect that the fuzzer found in its fourth input; remove the marker together with the defect.

import Testing
import UringBuffers
import UringBuffersTesting

@Suite struct SegmentTokenTests {
    /// A token takes over the state of its whole buffer, although the kernel goes on filling it and other segments of it
    /// may be out.
    @Test func aTokenOfASegmentKeepsTheBooks() async {
        await withKnownIssue("BufferToken does not know segments of incremental buffers") {
            await #expect(processExitsWith: .success) {
                let kernel = SimulatedKernel()
                let group = try kernel.makeGroup(id: 0, capacity: 16, bufferSize: 64, consumption: .incremental())
                let stream = kernel.makeStream(.unixStream)
                kernel.receive(from: stream, into: 0, options: .multishot, tag: 1)
                stream.send([1, 2, 3])
                kernel.run()
                let completion = try #require(kernel.nextCompletion())
                guard case .buffer(let segment) = group.take(result: completion.result, flags: completion.flags) else {
                    fatalError("no buffer")
                }
                let token = segment.intoToken()
                precondition(group.books().balanced, "\(group.books().violations)")
                token.reclaim().recycle()
                precondition(group.books().balanced, "\(group.books().violations)")
            }
        }
    }
}
