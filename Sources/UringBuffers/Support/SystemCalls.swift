// Every system call that the library makes, in one place: each returns a value or throws the typed error.

internal import CUring
import Glibc

enum SystemCalls {
    static func allocateAligned(
        bytes: Int, alignment: Int, options: PageOptions
    ) throws(UringError) -> UnsafeMutableRawPointer {
        var memory: UnsafeMutableRawPointer?
        // Safe: posix_memalign writes the one pointer and answers an errno.
        let error =
            curing_fails(CURING_CALL_POSIX_MEMALIGN) != 0
            ? Glibc.errno : unsafe posix_memalign(&memory, alignment, bytes)
        guard error == 0, let memory = unsafe memory else { throw UringError(.allocateMemory, errno: error) }
        do throws(UringError) {
            if options.contains(.dontFork) { unsafe try keepFromChildren(memory, bytes) }
        } catch {
            unsafe free(memory)
            throw error
        }
        return unsafe memory
    }

    static func mapKernelRing(
        descriptor: Int32, group: UInt16, bytes: Int
    ) throws(UringError) -> UnsafeMutableRawPointer {
        let offset = CURING_OFF_PBUF_RING | UInt64(group) << UInt64(CURING_OFF_PBUF_SHIFT)
        // Safe: shared, so that our tail reaches the kernel; the kernel checks offset and length.
        let memory = unsafe mapMemory(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, off_t(offset))
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw UringError(.mapRing, errno: Glibc.errno)
        }
        return unsafe memory
    }

    /// `mmap`, in a way that tests can make fail.
    @unsafe
    static func mapMemory(
        _ address: UnsafeMutableRawPointer?, _ bytes: Int, _ protection: Int32, _ flags: Int32, _ file: Int32,
        _ offset: off_t
    ) -> UnsafeMutableRawPointer? {
        curing_fails(CURING_CALL_MMAP) != 0
            ? unsafe MAP_FAILED : unsafe mmap(address, bytes, protection, flags, file, offset)
    }

    /// Ends a mapping. When the kernel has no memory to split its books, the mapping stays and counts as abandoned:
    /// nobody uses it any more, and there is nobody to tell.
    static func unmap(_ memory: UnsafeMutableRawPointer, bytes: Int) {
        // Safe: the caller owns the mapping and passes its whole length.
        if unsafe curing_fails(CURING_CALL_MUNMAP) != 0 || munmap(memory, bytes) != 0 { Abandoned.count(bytes) }
    }

    static func registerBufferRing(
        descriptor: Int32, address: UInt64, entries: Int, group: UInt16, flags: UInt16, minimumLeft: Int
    ) throws(UringError) {
        let result = curing_register_buf_ring(descriptor, address, UInt32(entries), group, flags, UInt32(minimumLeft))
        guard result == 0 else {
            throw UringError(.registerBufferRing, errno: -result, charging: .bufferRing(entries: entries))
        }
    }

    static func unregisterBufferRing(descriptor: Int32, group: UInt16) throws(UringError) {
        let result = curing_unregister_buf_ring(descriptor, group)
        guard result == 0 else { throw UringError(.unregisterBufferRing, errno: -result) }
    }

    static func bufferRingHead(descriptor: Int32, group: UInt16) throws(UringError) -> UInt16 {
        var head: UInt16 = 0
        // Safe: the call writes the one integer.
        let result = unsafe curing_buf_ring_head(descriptor, group, &head)
        guard result == 0 else { throw UringError(.readBufferRingHead, errno: -result) }
        return head
    }

    static func registerFixedTable(descriptor: Int32, slots: Int) throws(UringError) {
        let result = curing_register_fixed_table(descriptor, UInt32(slots))
        guard result == 0 else { throw UringError(.registerFixedBuffers, errno: -result) }
    }

    static func updateFixedSlot(
        descriptor: Int32, slot: Int, address: UInt64, bytes: Int, tag: UInt64 = 0
    ) throws(UringError) {
        let result = curing_update_fixed_slot(descriptor, UInt32(slot), address, UInt64(bytes), tag)
        guard result == 0 else {
            throw UringError(.registerFixedBuffers, errno: -result, charging: .fixedBuffers(bytes: bytes))
        }
    }

    /// A count of 0 is the whole table.
    static func cloneFixedSlots(
        descriptor: Int32, source: Int32, from sourceSlot: Int, to slot: Int, count: Int, replacing: Bool
    ) throws(UringError) {
        let result = curing_clone_fixed_slots(
            descriptor, source, UInt32(sourceSlot), UInt32(slot), UInt32(count), replacing ? 1 : 0)
        guard result == 0 else { throw UringError(.cloneFixedBuffers, errno: -result) }
    }

    static func unregisterFixedTable(descriptor: Int32) throws(UringError) {
        let result = curing_unregister_fixed_table(descriptor)
        guard result == 0 else { throw UringError(.unregisterFixedBuffers, errno: -result) }
    }

    static func duplicate(_ descriptor: Int32) throws(UringError) -> Int32 {
        let copy = curing_fails(CURING_CALL_DUP) != 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw UringError(.duplicateDescriptor, errno: Glibc.errno) }
        return copy
    }

    /// `SO_TYPE`, `nil` when it is no socket.
    static func socketType(of descriptor: Int32) throws(UringError) -> Int32? {
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        // Safe: the call writes the one integer and its size.
        if curing_fails(CURING_CALL_GETSOCKOPT) == 0,
            unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0
        {
            return type
        }
        guard Glibc.errno == ENOTSOCK else { throw UringError(.selectBuffers, errno: Glibc.errno) }
        return nil
    }

    /// Whether the kernel can wait for it.
    static func canPoll(_ descriptor: Int32) throws(UringError) -> Bool {
        let result = curing_can_poll(descriptor)
        guard result >= 0 else { throw UringError(.selectBuffers, errno: -result) }
        return result == 1
    }

    static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
}
