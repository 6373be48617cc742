// Memory regions on the real kernel: both kinds of memory, their bytes, their pieces, and their end.

import CBareRing
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers

/// A region of either kind.
func makeRegion(_ ring: Int32, _ kind: RingMemoryKind, bytes: Int, waitSlots: Int = 0) throws -> MemoryRegion {
    switch kind {
    case .application:
        try MemoryRegion(ring: ring, memory: PageMemory(byteCount: bytes), waitSlots: waitSlots)
    case .kernel: try MemoryRegion(ring: ring, kernelBytes: bytes, waitSlots: waitSlots)
    }
}

@Suite struct MemoryRegionTests {
    @Test(arguments: RingMemoryKind.allCases, [1, 4096, 4097, 1 << 20])
    func bytesAreZeroAndOurs(kind: RingMemoryKind, bytes: Int) throws {
        let ring = try BareRing()
        var region = try makeRegion(ring.descriptor, kind, bytes: bytes)
        let whole = (bytes + 4095) / 4096 * 4096
        #expect(region.byteCount == whole && region.available == whole && region.memoryKind == kind)
        #expect(region.waitSlots == 0)
        #expect(allBytes(of: region) == [UInt8](repeating: 0, count: whole))
        fill(&region, with: 0x5a)
        #expect(allBytes(of: region) == [UInt8](repeating: 0x5a, count: whole))
    }

    private func allBytes(of region: borrowing MemoryRegion) -> [UInt8] {
        let bytes = region.bytes
        // Safe: copies while the span lives.
        return unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }

    private func fill(_ region: inout MemoryRegion, with byte: UInt8) {
        var bytes = region.mutableBytes
        for offset in 0..<bytes.byteCount { bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self) }
    }

    private func start(of region: borrowing MemoryRegion) -> UInt {
        let bytes = region.bytes
        return unsafe bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func applicationMemoryMayBeLarge() throws {
        let ring = try BareRing()
        let region = try makeRegion(ring.descriptor, .application, bytes: 64 << 20)
        #expect(region.byteCount == 64 << 20)
    }

    @Test func kernelMemoryMustBeSmall() throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError(.registerRegion, errno: ENOMEM)) {
            _ = try makeRegion(ring.descriptor, .kernel, bytes: 64 << 20).byteCount
        }
        #expect(error?.remedy.contains("application memory") == true)
    }

    @Test(arguments: [0, -1, Int.min, Int.max])
    func refusesSizes(bytes: Int) throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError.self) {
            _ = try MemoryRegion(ring: ring.descriptor, kernelBytes: bytes).byteCount
        }
        #expect(error?.cause == .byteCount(bytes))
    }

    /// 4096 bytes have room for 64 slots, of which the last must stay empty.
    @Test(arguments: RingMemoryKind.allCases, [Int.min, -1, 64, Int.max])
    func refusesWaitSlotsThatDoNotFit(kind: RingMemoryKind, slots: Int) throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        let error = #expect(throws: UringError(.registerRegion, errno: EINVAL, cause: .waitSlot(slots))) {
            _ = try makeRegion(ring.descriptor, kind, bytes: 4096, waitSlots: slots).byteCount
        }
        #expect(error?.remedy.contains("\(slots)") == true)
        let region = try makeRegion(ring.descriptor, kind, bytes: 4096, waitSlots: 63)
        #expect(region.waitSlots == 63 && region.available == 0)
    }

    @Test func slotsAreNotAmongTheBytes() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        let region = try makeRegion(ring.descriptor, .application, bytes: 8192, waitSlots: 3)
        #expect(region.available == 8192 - 256 && region.bytes.byteCount == 8192 - 256)
    }

    @Test(arguments: RingMemoryKind.allCases)
    func piecesAreApart(kind: RingMemoryKind) throws {
        let ring = try BareRing()
        var region = try makeRegion(ring.descriptor, kind, bytes: 5 * 4096)
        let first = try region.carve(byteCount: 100)
        let second = try region.carve(byteCount: 4097)
        #expect(first.byteCount == 4096 && second.byteCount == 8192 && region.available == 8192)
        #expect(unsafe second.baseAddress == first.baseAddress + 4096)
        #expect(unsafe start(of: region) == UInt(bitPattern: second.baseAddress + 8192))
        #expect(throws: UringError(.allocateMemory, errno: ENOMEM, cause: .regionFull(8192))) {
            _ = try region.carve(byteCount: 8193).byteCount
        }
        #expect(throws: UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(0))) {
            _ = try region.carve(byteCount: 0).byteCount
        }
        #expect(try region.carve(byteCount: 8192).byteCount == 8192)
        #expect(region.available == 0 && region.bytes.byteCount == 0)
    }

    @Test(arguments: RingMemoryKind.allCases)
    func piecesOutliveTheirRegion(kind: RingMemoryKind) throws {
        func piece() throws -> PageMemory {
            let ring = try BareRing()
            var region = try makeRegion(ring.descriptor, kind, bytes: 8192)
            return try region.carve(byteCount: 4096)
        }
        let memory = try piece()
        // Safe: the piece has 4096 bytes.
        unsafe memory.baseAddress.storeBytes(of: 7, toByteOffset: 4095, as: UInt8.self)
        #expect(unsafe memory.baseAddress.load(fromByteOffset: 4095, as: UInt8.self) == 7)
        #expect(memory.residentBytes == 4096)
    }

    @Test(arguments: RingMemoryKind.allCases)
    func theEndLeavesNothingBehind(kind: RingMemoryKind) async {
        await #expect(processExitsWith: .success) { [name = kind.rawValue as String] in
            test_use_one_arena()
            let kind = try #require(RingMemoryKind(rawValue: name))
            func liveAndDie() throws {
                let ring = try BareRing(entries: 4)
                var region = try makeRegion(ring.descriptor, kind, bytes: 1 << 20)
                let piece = try region.carve(byteCount: 4096)
                #expect(piece.byteCount == 4096)
                // The second attempt is refused, and its memory goes too.
                _ = try? makeRegion(ring.descriptor, kind, bytes: 1 << 20).byteCount
                _ = try? makeRegion(-1, kind, bytes: 1 << 20).byteCount
            }
            try liveAndDie()
            let descriptors = ProcessState.settledDescriptors
            let bytes = ProcessState.mappedBytes
            for _ in 0..<300 { try liveAndDie() }
            #expect(ProcessState.settledDescriptors == descriptors)
            // 300 leaked regions would be 300 MiB; threads of the runtime may start meanwhile.
            #expect(ProcessState.mappedBytes - bytes < 100 << 20)
        }
    }
}
