// Broken rules of the bare buffer ring.

import KernelSupport
import RingArithmetic
import Testing
import UringBuffers

@Suite struct BufferRingTrapTests {
    @Test func addingToAFullRing() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let ring = try BareRing()
            let memory = try PageMemory(byteCount: 64)
            var buffers = try BufferRing(ring: ring.descriptor, id: 6, capacity: RingCapacity(2))
            for bid in 0..<3 {
                unsafe buffers.add(address: memory.baseAddress, length: 1, bid: BufferID(UInt16(bid)))
                buffers.publish()
            }
        }
        #expect(message(result).contains("group 6, bid 2: the ring is full, 2 of 2 entries"))
        #expect(message(result).contains("consume"))
    }

    @Test func addingLengthZero() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let ring = try BareRing()
            let memory = try PageMemory(byteCount: 64)
            var buffers = try BufferRing(ring: ring.descriptor, id: 6, capacity: RingCapacity(2))
            unsafe buffers.add(address: memory.baseAddress, length: 0, bid: BufferID(7))
        }
        #expect(message(result).contains("group 6, bid 7: an entry of length 0 would block the ring"))
    }

    @Test func consumingMoreThanWasPublished() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let ring = try BareRing()
            let memory = try PageMemory(byteCount: 64)
            var buffers = try BufferRing(ring: ring.descriptor, id: 6, capacity: RingCapacity(4))
            unsafe buffers.add(address: memory.baseAddress, length: 1, bid: BufferID(0))
            buffers.publish()
            unsafe buffers.add(address: memory.baseAddress, length: 1, bid: BufferID(1))
            // The second was added, not published.
            buffers.consume(2)
        }
        #expect(message(result).contains("group 6: 2 entries cannot be consumed, only 1 are published"))
    }

    @Test func consumingANegativeCount() async {
        await #expect(processExitsWith: .failure) {
            let ring = try BareRing()
            var buffers = try BufferRing(ring: ring.descriptor, id: 6, capacity: RingCapacity(4))
            buffers.consume(-1)
        }
    }

    @Test func consumingAWholeTurnOfTheCounter() async {
        await #expect(processExitsWith: .failure) {
            let ring = try BareRing()
            var buffers = try BufferRing(ring: ring.descriptor, id: 6, capacity: RingCapacity(4))
            buffers.consume(65536)
        }
    }
}
