// The system calls of memory regions and registered waits.

internal import CUring
import Glibc

extension SystemCalls {
    /// Registers a region of application memory, or with `address` `nil` one that the kernel allocates. Returns where
    /// to map the latter.
    static func registerRegion(
        descriptor: Int32, address: UnsafeMutableRawPointer?, bytes: Int, forWaits: Bool
    ) throws(UringError) -> UInt64 {
        var offset: UInt64 = 0
        // Safe: the call writes the one integer; the kernel checks the memory.
        let result = unsafe curing_register_region(
            descriptor, UInt64(UInt(bitPattern: address)), UInt64(bytes), forWaits ? 1 : 0, &offset)
        switch -result {
        case 0: return offset
        case EINVAL:
            // All else that makes the kernel answer EINVAL was checked.
            let isKnown = curing_knows_regions(descriptor) != 0
            throw UringError(.registerRegion, errno: EINVAL, cause: isKnown ? .ringIsEnabled : .noRegions)
        // Memory of the kernel's own may also want a contiguous block, which is what its remedy tells of.
        case ENOMEM where unsafe address == nil && MemlockBudget.current().fits(MemlockPlan([.region(bytes: bytes)])):
            throw UringError(.registerRegion, errno: ENOMEM)
        default: throw UringError(.registerRegion, errno: -result, charging: .region(bytes: bytes))
        }
    }

    static func mapRegion(
        descriptor: Int32, offset: UInt64, bytes: Int
    ) throws(UringError) -> UnsafeMutableRawPointer {
        // Safe: shared, so that both sides see one memory; the kernel checks offset and length.
        let memory = unsafe mapMemory(
            nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, off_t(offset))
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw UringError(.mapRegion, errno: Glibc.errno)
        }
        return unsafe memory
    }

    static func enableRing(descriptor: Int32) throws(UringError) {
        let result = curing_enable_ring(descriptor)
        guard result == 0 else { throw UringError(.enableRing, errno: -result) }
    }

    /// Returns how many requests the kernel took.
    static func enter(
        descriptor: Int32, submit: Int, minimum: Int, slotOffset: Int
    ) throws(UringError) -> Int {
        let result = curing_enter_by_slot(descriptor, UInt32(submit), UInt32(minimum), 0, UInt64(slotOffset))
        guard result >= 0 else { throw UringError(.wait, errno: -result) }
        return Int(result)
    }
}
