// Why a wait's offset, flags and padding are not for callers: what the kernel answers to wrong ones, through raw calls.

import CBareRing
import CUring
import Glibc
import KernelSupport
import Testing
import UringBuffers

@Suite struct RegisteredWaitErrorTests {
    /// A ring whose region of one page has wait slots; `spoil` writes the first slot, which lies at 0.
    private func answer(
        offset: UInt64 = 0, slots: Int = 62, spoil: (inout curing_wait_slot) -> Void = { _ in }
    ) throws -> Int32 {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        let memory = try PageMemory(byteCount: 4096)
        // Safe: one page, whose first 64 bytes are used as nothing else.
        let slot = unsafe memory.baseAddress.assumingMemoryBound(to: curing_wait_slot.self)
        let region = try MemoryRegion(ring: ring.descriptor, memory: memory, waitSlots: slots)
        try MemoryRegion.enable(ring: ring.descriptor)
        unsafe curing_write_wait(slot, 0, 0, nil)
        unsafe spoil(&slot.pointee)
        let result = curing_enter_by_slot(ring.descriptor, 0, 1, 0, offset)
        #expect(region.byteCount == 4096)
        return -result
    }

    @Test func theControlTimesOut() throws { #expect(try answer() == ETIME) }

    @Test(arguments: [4096, 4096 - 56, 4, 63, .max, .max - 63, 1 << 62] as [UInt64])
    func offsetsThatAreNoSlotsAreEFAULT(offset: UInt64) throws {
        #expect(try answer(offset: offset) == EFAULT)
    }

    @Test func aRegionWithoutSlotsIsEFAULT() throws { #expect(try answer(slots: 0) == EFAULT) }

    @Test(arguments: [2, 3, 1 << 31] as [UInt32])
    func unknownFlagsAreEINVAL(flags: UInt32) throws {
        #expect(try answer { $0.flags = flags } == EINVAL)
    }

    @Test(arguments: [4, 16, .max] as [UInt32])
    func sizesOfAMaskThatAreNoneAreEINVAL(bytes: UInt32) throws {
        var mask: UInt64 = 0
        let result = try unsafe withUnsafePointer(to: &mask) { pointer in
            try answer {
                $0.mask = UInt64(UInt(bitPattern: pointer))
                $0.mask_bytes = bytes
            }
        }
        #expect(result == EINVAL)
    }

    @Test func anUnreadableMaskIsEFAULT() throws {
        let result = try answer {
            $0.mask = 8
            $0.mask_bytes = 8
        }
        #expect(result == EFAULT)
    }

    @Test func nanosecondsBeyondASecondAndPaddingAreAccepted() throws {
        let result = try answer {
            $0.nanoseconds = 1_000_000_001
            $0.pad = (1, 2, 3)
            $0.pad2 = (4, 5)
        }
        #expect(result == ETIME)
    }

    @Test func olderKernelsAreToldOf() {
        let error = UringError(.registerRegion, errno: EINVAL, cause: .noRegions)
        #expect(error.remedy.contains("6.13"))
    }
}
