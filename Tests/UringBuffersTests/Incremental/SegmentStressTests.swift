// Segments of shared buffers end on four threads while the kernel fills on, and after the group went.

import Glibc
import KernelSupport
import TestSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct SegmentStressTests {
    /// Every taken byte is right although other threads overwrite and end their segments of the same buffers; the group
    /// goes while segments are out, and nothing is abandoned.
    @Test(arguments: [1, 4, 64])
    func segmentsEndAnywhereWhileTheKernelFills(capacity: Int) throws {
        let abandoned = BufferGroup.abandonedBytes
        try withSeed(rounds: 3) { generator in
            let lanes = (0..<4).map { _ in Lane() }
            let threads = lanes.map { lane in OtherThread { lane.endEverything() } }
            do {
                let ring = try BareRing()
                let pair = SocketPair()
                let size = [16, 64, 100][generator.below(3)]
                let group = try BufferGroup(
                    ring: ring.descriptor, id: 1, capacity: capacity, bufferSize: size,
                    consumption: .incremental())
                var source = ByteStream(seed: 7)
                var check = source
                var balanced = true
                for _ in 0..<1000 {
                    pair.write(source.next(1 + generator.below(size)))
                    while check.position < source.position {
                        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
                        switch group.take(try ring.completions(atLeast: 1)[0]) {
                        case .buffer(var buffer):
                            let good = check.matches(buffer)
                            #expect(good)
                            var bytes = buffer.mutableBytes
                            for offset in 0..<bytes.byteCount {
                                bytes.storeBytes(of: 0xee, toByteOffset: offset, as: UInt8.self)
                            }
                            if generator.oneIn(5) {
                                buffer.recycle()
                            } else {
                                lanes[generator.below(4)].put(buffer)
                            }
                        case .starved: group.refill()
                        default: Issue.record("unexpected completion")
                        }
                    }
                    if generator.oneIn(50) { balanced = group.books().balanced && balanced }
                }
                #expect(balanced)
            }
            for lane in lanes { lane.finish() }
            for thread in threads { thread.join() }
        }
        #expect(BufferGroup.abandonedBytes == abandoned)
    }
}
