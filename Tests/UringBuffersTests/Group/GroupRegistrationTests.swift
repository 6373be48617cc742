// Making a group: what it promises, and every refusal as a stranger meets it.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

@Suite struct GroupRegistrationTests {
    @Test(arguments: RingCapacity.all.map(\.entries), RingMemoryKind.allCases)
    func everyCapacity(capacity: Int, kind: RingMemoryKind) throws {
        let ring = try BareRing()
        for policy in RefillPolicy.allCases {
            let group = try BufferGroup(
                ring: ring.descriptor, id: 3, capacity: capacity, bufferSize: 48, refill: policy, ringMemory: kind)
            #expect(group.capacity.entries == capacity && group.bufferSize == 48 && group.id == 3)
            // Adaptive: enough to start with, and never a large pool whole.
            if policy == .everything || capacity <= 64 { #expect(group.available == capacity) }
            if policy == .adaptive { #expect((min(64, capacity)...512).contains(group.available)) }
            #expect(group.available + group.spares == capacity)
            #expect(group.window == group.available)
            #expect(group.lent == 0)
            let books = group.books()
            #expect(books.balanced, "\(books.violations)")
            #expect(books.unreaped == 0)
            #expect(group.refill().published == 0)
            try group.close()
        }
    }

    @Test(arguments: [Int.min, -8, -1, 0, 3, 5, 100, 32767, 32769, 65536, 1 << 31, Int.max])
    func refusesOtherCapacities(capacity: Int) throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(ring: ring.descriptor, id: 1, capacity: capacity, bufferSize: 64).id
        }
        #expect(error == UringError(.registerBufferRing, errno: EINVAL, cause: .capacity(capacity)))
        #expect(error?.remedy.contains("\(capacity)") == true && error?.remedy.contains("power of two") == true)
        try expectFree(1, on: ring.descriptor)
    }

    @Test(arguments: [Int.min, -1, 0, 1 << 31, 1 << 40, Int.max])
    func refusesBufferSizes(bufferSize: Int) throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: bufferSize).id
        }
        #expect(error == UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(bufferSize)))
        #expect(error?.remedy.contains("\(bufferSize)") == true)
        try expectFree(1, on: ring.descriptor)
    }

    @Test func largestBufferSizeIsAccepted() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 2, bufferSize: (1 << 31) - 1)
        #expect(group.available == 2)
    }

    @Test func slabThatCannotExistIsENOMEM() throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(
                ring: ring.descriptor, id: 1, capacity: 32768, bufferSize: (1 << 31) - 1, slab: .alignedHeap
            ).id
        }
        #expect(error?.operation == .allocateMemory && error?.errno == ENOMEM)
        try expectFree(1, on: ring.descriptor)
    }

    @Test(arguments: RingMemoryKind.allCases)
    func groupInUseIsEEXIST(kind: RingMemoryKind) throws {
        let ring = try BareRing()
        let first = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64, ringMemory: kind)
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64, ringMemory: kind).id
        }
        #expect(error?.operation == .registerBufferRing && error?.errno == EEXIST)
        #expect(error?.remedy.contains("choose another id") == true)
        #expect(first.books().balanced)
        _ = try BufferGroup(ring: ring.descriptor, id: 2, capacity: 8, bufferSize: 64, ringMemory: kind).id
    }

    @Test func wrongThreadOfASingleIssuerRingIsEEXIST() throws {
        let queue = try UringQueue(mode: .deferred)
        let descriptor = queue.descriptor
        onOtherThread {
            let error = #expect(throws: UringError.self) {
                _ = try BufferGroup(ring: descriptor, id: 1, capacity: 8, bufferSize: 64).id
            }
            #expect(error?.errno == EEXIST)
            #expect(error?.remedy.contains("thread") == true)
        }
        try expectFree(1, on: descriptor)
    }

    @Test(arguments: [Int32(-1), 1_000_000])
    func badDescriptorIsEBADF(descriptor: Int32) {
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(ring: descriptor, id: 1, capacity: 8, bufferSize: 64).id
        }
        #expect(error?.errno == EBADF)
        #expect(error?.remedy == "The descriptor is not open.")
    }

    @Test(arguments: RingMemoryKind.allCases)
    func otherKindOfDescriptorIsEOPNOTSUPP(kind: RingMemoryKind) {
        let pair = SocketPair()
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(ring: pair.reader, id: 1, capacity: 8, bufferSize: 64, ringMemory: kind).id
        }
        #expect(error?.operation == .registerBufferRing && error?.errno == EOPNOTSUPP)
        #expect(error?.remedy == "The descriptor is not an io_uring.")
    }

    @Test(arguments: [UInt16(2048), 4096, 32767, 32768, 32775, 65535])
    func unmappableGroupsAreRefusedBeforeTheKernelIsAsked(id: UInt16) throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(
                ring: ring.descriptor, id: BufferGroupID(id), capacity: 8, bufferSize: 64, ringMemory: .kernel
            ).id
        }
        #expect(error == UringError(.registerBufferRing, errno: EINVAL, cause: .unmappableGroup(id)))
        #expect(error?.remedy.contains("below 2048") == true && error?.remedy.contains("\(id)") == true)
        // Application memory has no such limit.
        _ = try BufferGroup(ring: ring.descriptor, id: BufferGroupID(id), capacity: 8, bufferSize: 64).id
    }

    private func expectFree(_ id: BufferGroupID, on ring: Int32) throws {
        let group = try BufferGroup(ring: ring, id: id, capacity: 8, bufferSize: 64)
        try group.close()
    }
}
