// A pool of one buffer: its window cannot be half empty, so it must look at every buffer.

import CBareRing
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct SmallestPoolTests {
    /// Nobody calls `refill()` here: taking and giving back must publish by themselves.
    @Test(arguments: RefillPolicy.allCases)
    func oneBufferIsPublishedAgainByItself(policy: RefillPolicy) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 1, bufferSize: 64, refill: policy)
        for round in 0..<10 {
            pair.write([UInt8(round)])
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
                Issue.record("round \(round) found no buffer")
                return
            }
            #expect(unsafe buffer.withUnsafeBytes { unsafe Array($0) } == [UInt8(round)])
            buffer.recycle()
            #expect(group.available == 1 && group.spares == 0)
        }
        #expect(group.books().balanced && group.books().starvations == 0)
        try group.close()
    }
}
