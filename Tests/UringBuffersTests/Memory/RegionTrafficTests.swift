// What the rest of io_uring does with region memory: buffer rings in it, receives into it, and fixed buffers.

import CBareRing
import CUring
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

@Suite struct RegionTrafficTests {
    @Test(arguments: RingMemoryKind.allCases)
    func bufferRingInARegion(kind: RingMemoryKind) throws {
        let ring = try BareRing()
        var region = try makeRegion(ring.descriptor, kind, bytes: 4 * 4096)
        let entries = try region.carve(byteCount: 256 * 16)
        let memory = try region.carve(byteCount: 4096)
        var buffers = try BufferRing(ring: ring.descriptor, id: 5, capacity: RingCapacity(256), entries: entries)
        let pair = SocketPair()
        for bid in 0..<4 {
            // Safe: four times 16 bytes of the piece.
            unsafe buffers.add(address: memory.baseAddress + 16 * bid, length: 16, bid: BufferID(UInt16(bid)))
        }
        buffers.publish()
        for bid in UInt8(0)..<4 {
            pair.write([UInt8](repeating: 40 + bid, count: 16))
            var request = bare_request()
            request.opcode = UInt8(BARE_OP_RECV)
            request.flags = UInt8(BARE_SQE_BUFFER_SELECT)
            request.fd = pair.reader
            request.group = 5
            ring.push(request)
            let completion = try ring.completions(atLeast: 1)[0]
            #expect(completion.result == 16 && completion.flags.bufferID == BufferID(UInt16(bid)))
            buffers.consume(1)
            for offset in 0..<16 {
                let byte = unsafe memory.baseAddress.load(fromByteOffset: 16 * Int(bid) + offset, as: UInt8.self)
                #expect(byte == 40 + bid)
            }
        }
        #expect(try buffers.kernelHead() == buffers.head)
        try buffers.unregister()
    }

    @Test func entriesThatDoNotFitAreRefused() throws {
        let ring = try BareRing()
        #expect(throws: UringError(.registerBufferRing, errno: EINVAL, cause: .byteCount(4096))) {
            _ = try BufferRing(
                ring: ring.descriptor, id: 5, capacity: RingCapacity(512), entries: PageMemory(byteCount: 4096)
            ).capacity
        }
        #expect(throws: UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(4096))) {
            _ = try BufferGroup(
                ring: ring.descriptor, id: 5, capacity: 8, bufferSize: 513, memory: PageMemory(byteCount: 4096)
            ).capacity
        }
        let group = try BufferGroup(
            ring: ring.descriptor, id: 5, capacity: 8, bufferSize: 512, memory: PageMemory(byteCount: 4096))
        #expect(group.capacity.entries == 8)
    }

    /// The kernel holds those very pages: given back, ours would be others, or (kernel memory) a fault.
    @Test(arguments: RingMemoryKind.allCases)
    func pagesOfARegionAreNotGivenBack(kind: RingMemoryKind) throws {
        let ring = try BareRing()
        let slabBytes = 512 * 4096
        var region = try makeRegion(ring.descriptor, kind, bytes: slabBytes)
        let slab = try region.carve(byteCount: slabBytes)
        let group = try BufferGroup(ring: ring.descriptor, id: 7, capacity: 512, bufferSize: 4096, memory: slab)
        let pair = SocketPair()
        var held: [Handoff<ProvidedBuffer>] = []
        while held.count < 300 {
            pair.write([1])
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
                Issue.record("no buffer")
                return
            }
            held.append(Handoff(buffer))
            group.refill()
        }
        held = []
        let resident = group.residentBytes
        let trimmed = group.trim(keeping: 0)
        #expect(group.spares >= 100 && resident == slabBytes)
        #expect(trimmed == 0 && group.residentBytes == slabBytes)
        try group.close()
    }

    /// A pool of which everything lies in the ring's region; the waits go through it too.
    @Test(arguments: RingMemoryKind.allCases, [Consumption.whole, .incremental()])
    func groupInARegion(kind: RingMemoryKind, consumption: Consumption) throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        var region = try makeRegion(ring.descriptor, kind, bytes: 10 * 4096, waitSlots: 4)
        try MemoryRegion.enable(ring: ring.descriptor)
        let entries = try region.carve(byteCount: 4096)
        let slab = try region.carve(byteCount: 8 * 4096)
        let (first, last) = unsafe (slab.baseAddress, slab.baseAddress + slab.byteCount)
        let group = try BufferGroup(
            ring: ring.descriptor, id: 7, capacity: 64, bufferSize: 512, consumption: consumption, memory: slab,
            entries: entries)
        try region.set(RegisteredWait(timeout: .seconds(1000)), in: 2)
        let pair = SocketPair()
        var stream = ByteStream(seed: 11)
        var check = stream
        while check.position < 1 << 18 {
            pair.write(stream.next(700))
            while check.position < stream.position {
                ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
                try region.wait(slot: 2, submitting: 1)
                let completion = try ring.completions(atLeast: 0)[0]
                guard case .buffer(let buffer) = group.take(completion) else {
                    Issue.record("unexpected completion \(completion)")
                    return
                }
                unsafe buffer.withUnsafeBytes {
                    #expect(unsafe $0.baseAddress! >= first && $0.baseAddress! + $0.count <= last)
                }
                let isNext = check.matches(buffer)
                #expect(isNext)
            }
            group.refill()
        }
        #expect(group.books().balanced && group.lent == 0)
        try group.close()
    }

    /// Handles keep the region's memory when everything else is gone.
    @Test(arguments: RingMemoryKind.allCases)
    func aBufferOutlivesGroupRegionAndRing(kind: RingMemoryKind) throws {
        func received() throws -> ProvidedBuffer {
            let ring = try BareRing()
            var region = try makeRegion(ring.descriptor, kind, bytes: 4096)
            let group = try BufferGroup(
                ring: ring.descriptor, id: 7, capacity: 8, bufferSize: 512, memory: region.carve(byteCount: 4096))
            let pair = SocketPair()
            pair.write([1, 2, 3])
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
                fatalError("no buffer")
            }
            return buffer
        }
        let buffer = try received()
        unsafe buffer.withUnsafeBytes { #expect(unsafe Array($0) == [1, 2, 3]) }
    }

    /// A fixed buffer over a group's slab in a region: what was received is sent from where it lies.
    @Test(arguments: RingMemoryKind.allCases)
    func fixedBuffersInARegion(kind: RingMemoryKind) throws {
        let queue = try UringQueue(waiting: .ordinary)
        var region = try makeRegion(queue.descriptor, kind, bytes: 8 * 4096)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 7, capacity: 8, bufferSize: 4096, memory: region.carve(byteCount: 8 * 4096))
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 2)
        let slot = try table.register(group, in: 1)
        let source = SocketPair()
        let target = SocketPair(.tcp)
        let bytes: [UInt8] = (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        source.write(bytes)
        queue.receive(from: source.reader, into: group, tag: 1)
        var ends = 0
        while ends < 2 {
            try queue.wait()
            try queue.forEachCompletion { completion in
                if completion.tag == 1 {
                    guard case .buffer(let buffer) = group.take(completion) else {
                        throw UringError(.receive, errno: -completion.result)
                    }
                    queue.sendZeroCopy(buffer, to: target.writer, fixedBuffer: slot, tag: 2)
                } else {
                    // First the result, then that the buffer is back.
                    if ends == 0 { #expect(completion.result == 3000) }
                    ends += 1
                }
            }
        }
        #expect(group.lent == 0 && group.books().balanced)
        #expect(target.read(4096) == bytes)
        try table.clear(1)
    }
}
