// The ring for people with buffers of their own, on the real kernel.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

@Suite struct BufferRingTests {
    @Test(arguments: RingCapacity.all, RingMemoryKind.allCases)
    func everyCapacityFillsToTheBrim(capacity: RingCapacity, kind: RingMemoryKind) throws {
        let ring = try BareRing()
        let memory = try PageMemory(byteCount: 64)
        var buffers = try BufferRing(ring: ring.descriptor, id: 2047, capacity: capacity, memory: kind)
        #expect(buffers.memoryKind == kind)
        #expect(buffers.id == 2047 && buffers.capacity == capacity)
        #expect(buffers.fill.isEmpty)
        for bid in 0..<capacity.entries {
            // Safe: one page of ours serves every entry; nothing is received.
            let slot = unsafe buffers.add(address: memory.baseAddress, length: 64, bid: BufferID(UInt16(bid)))
            #expect(slot == bid)
        }
        #expect(buffers.fill.isFull)
        #expect(buffers.published == .zero)
        buffers.publish()
        #expect(buffers.published == buffers.tail)
        #expect(Int(buffers.tail.rawValue) == capacity.entries)
        #expect(try buffers.kernelHead() == .zero)
        try buffers.unregister()
    }

    @Test(arguments: RingMemoryKind.allCases)
    func receivesInPublishOrderAcrossTheWrapOfTheIndices(kind: RingMemoryKind) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let memory = try PageMemory(byteCount: 4096)
        var buffers = try BufferRing(ring: ring.descriptor, id: 9, capacity: RingCapacity(4), memory: kind)
        var bid: UInt16 = 0
        var expected: UInt16 = 0
        var wrong = 0
        // 16400 rounds of four: the 16-bit counters pass 65536.
        for _ in 0..<16_400 {
            while buffers.fill.free > 0 {
                // Safe: 4 × 64 bytes of our page.
                unsafe buffers.add(
                    address: memory.baseAddress + Int(bid % 4) * 64, length: 64, bid: BufferID(bid))
                bid &+= 1
            }
            buffers.publish()
            pair.write([1, 2, 3, 4])
            for _ in 0..<4 { ring.push(oneByte(from: pair.reader)) }
            for completion in try ring.completions(atLeast: 4) {
                if completion.result != 1 || completion.flags.bufferID != BufferID(expected) { wrong += 1 }
                expected &+= 1
                buffers.consume(1)
            }
        }
        #expect(wrong == 0)
        #expect(expected == UInt16(truncatingIfNeeded: 16_400 * 4))
        #expect(try buffers.kernelHead() == buffers.head)
        #expect(buffers.head == buffers.published)
    }

    private func oneByte(from socket: Int32) -> bare_request {
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_RECV)
        request.flags = UInt8(BARE_SQE_BUFFER_SELECT)
        request.fd = socket
        request.length = 1
        request.group = 9
        return request
    }

    @Test func secondUnregisterIsENOENT() throws {
        let ring = try BareRing()
        var buffers = try BufferRing(ring: ring.descriptor, id: 5, capacity: RingCapacity(8))
        try buffers.unregister()
        #expect(throws: UringError(.unregisterBufferRing, errno: ENOENT)) { try buffers.unregister() }
        let head = #expect(throws: UringError.self) { _ = try buffers.kernelHead() }
        #expect(head?.operation == .readBufferRingHead)
        #expect(head?.errno == ENOENT)
        #expect(head?.remedy == "No group with this id is registered on this ring.")
    }

    @Test func droppingUnregisters() throws {
        let ring = try BareRing()
        for _ in 0..<3 {
            let buffers = try BufferRing(ring: ring.descriptor, id: 5, capacity: RingCapacity(8))
            #expect(try buffers.kernelHead() == .zero)
        }
    }

    @Test func outlivesTheRingsOwnDescriptor() throws {
        var buffers = try makeOnARingThatIsClosed()
        #expect(try buffers.kernelHead() == .zero)
        try buffers.unregister()
    }

    private func makeOnARingThatIsClosed() throws -> BufferRing {
        let ring = try BareRing()
        return try BufferRing(ring: ring.descriptor, id: 5, capacity: RingCapacity(8))
    }

    @Test func armedReceiveFindsNothingAfterUnregister() throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let memory = try PageMemory(byteCount: 4096)
        var buffers = try BufferRing(ring: ring.descriptor, id: 5, capacity: RingCapacity(1))
        unsafe buffers.add(address: memory.baseAddress, length: 4096, bid: BufferID(77))
        buffers.publish()
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_RECV)
        request.flags = UInt8(BARE_SQE_BUFFER_SELECT)
        request.fd = pair.reader
        request.group = 5
        ring.push(request)
        #expect(try ring.completions(atLeast: 0).isEmpty)
        try buffers.unregister()
        pair.write([1])
        #expect(try ring.completions(atLeast: 1).first?.result == -ENOBUFS)
    }
}
