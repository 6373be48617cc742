// Every answer of the kernel to a registration, through raw calls: each becomes an error that says what to do.

import CBareRing
import CUring
import Glibc
import KernelSupport
import RingArithmetic
import Testing
import UringBuffers
import UringQueue

/// One row of the kernel's error table.
struct RegistrationCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let errno: Int32
    /// Words that the remedy must have.
    let remedy: String
    /// Makes the call on a ring, with four writable pages.
    let call: @Sendable (_ ring: Int32, _ pages: UInt64) -> Int32
}

private func register(
    _ ring: Int32, _ address: UInt64, entries: UInt32 = 8, group: UInt16 = 1, flags: UInt16 = 0, minLeft: UInt32 = 0,
    reserved: UInt32 = 0, at index: UInt32 = 0, nrArgs: UInt32 = 1
) -> Int32 {
    bare_register_buffers(ring, address, entries, group, flags, minLeft, index, reserved, nrArgs)
}

private let cases: [RegistrationCase] = [
    .init(testDescription: "0 entries", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, entries: 0)
    },
    .init(testDescription: "3 entries", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, entries: 3)
    },
    .init(testDescription: "65536 entries", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, entries: 65536)
    },
    .init(testDescription: "2^31 entries", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, entries: 1 << 31)
    },
    .init(testDescription: "misaligned address", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1 + 16)
    },
    .init(testDescription: "address 0", errno: EFAULT, remedy: "PageMemory") { ring, _ in register(ring, 0) },
    .init(testDescription: "kernel half", errno: EFAULT, remedy: "PageMemory") { ring, _ in
        register(ring, 0xffff_8000_0000_0000)
    },
    .init(testDescription: "read-only page", errno: EFAULT, remedy: "PageMemory") { ring, pages in
        unsafe mprotect(UnsafeMutableRawPointer(bitPattern: UInt(pages)), 4096, PROT_READ)
        defer { unsafe mprotect(UnsafeMutableRawPointer(bitPattern: UInt(pages)), 4096, PROT_READ | PROT_WRITE) }
        return register(ring, pages)
    },
    .init(testDescription: "second page missing", errno: EFAULT, remedy: "PageMemory") { ring, pages in
        unsafe mprotect(UnsafeMutableRawPointer(bitPattern: UInt(pages) + 4096), 4096, PROT_NONE)
        defer {
            unsafe mprotect(UnsafeMutableRawPointer(bitPattern: UInt(pages) + 4096), 4096, PROT_READ | PROT_WRITE)
        }
        return register(ring, pages, entries: 512)
    },
    .init(testDescription: "address wraps", errno: EOVERFLOW, remedy: "beyond the address space") { ring, _ in
        register(ring, UInt64.max - 4095, entries: 512)
    },
    .init(testDescription: "unknown flag", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, flags: 1 << 15)
    },
    .init(testDescription: "first reserved word", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, reserved: 1, at: 0)
    },
    .init(testDescription: "last reserved word", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, reserved: 1, at: 4)
    },
    .init(testDescription: "min_left without incremental", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, minLeft: 1)
    },
    .init(testDescription: "no arguments", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, nrArgs: 0)
    },
    .init(testDescription: "two arguments", errno: EINVAL, remedy: "refuses an argument") {
        register($0, $1, nrArgs: 2)
    },
    .init(testDescription: "null argument", errno: EINVAL, remedy: "refuses an argument") { ring, _ in
        bare_register(ring, 22, 0, 1)
    },
    .init(testDescription: "unreadable argument", errno: EFAULT, remedy: "PageMemory") { ring, _ in
        bare_register(ring, 22, 8, 1)
    },
    .init(testDescription: "not a descriptor", errno: EBADF, remedy: "not open") { _, pages in
        // Not -1, which newer kernels take for "no ring" and answer with EINVAL.
        register(1_000_000, pages)
    },
    .init(testDescription: "not an io_uring", errno: EOPNOTSUPP, remedy: "not an io_uring") { _, pages in
        let null = unsafe open("/dev/null", O_RDWR)
        defer { _ = close(null) }
        return register(null, pages)
    },
    .init(testDescription: "bad count wins over group in use", errno: EINVAL, remedy: "refuses an argument") {
        ring, pages in
        guard register(ring, pages) == 0 else { return 1 }
        defer { _ = curing_unregister_buf_ring(ring, 1) }
        return register(ring, pages, entries: 3)
    },
    .init(testDescription: "group in use wins over bad memory", errno: EEXIST, remedy: "another id") { ring, pages in
        guard register(ring, pages) == 0 else { return 1 }
        defer { _ = curing_unregister_buf_ring(ring, 1) }
        return register(ring, 0)
    },
]

@Suite struct RegistrationErrorTests {
    @Test(arguments: cases)
    func isAnErrorThatSaysWhatToDo(_ row: RegistrationCase) throws {
        let ring = try BareRing()
        let pages = try PageMemory(byteCount: 4 * PageMemory.pageSize)
        let address = unsafe UInt64(UInt(bitPattern: pages.baseAddress))
        let result = row.call(ring.descriptor, address)
        #expect(result == -row.errno)
        let error = UringError(.registerBufferRing, errno: -result)
        #expect(error.remedy.contains(row.remedy), "\(error.remedy)")
        #expect(!error.symbol.hasPrefix("errno"), "\(error.symbol) has no name")
        #expect(error.description.contains(error.symbol) && error.description.contains(error.remedy))
        // Nothing stayed behind: the same id can be registered now.
        var buffers = try BufferRing(ring: ring.descriptor, id: 1, capacity: RingCapacity(8))
        try buffers.unregister()
    }

    @Test func mappedRingIgnoresTheAddress() throws {
        let ring = try BareRing()
        #expect(register(ring.descriptor, 0xdead_beef, flags: 1) == 0)
        #expect(curing_unregister_buf_ring(ring.descriptor, 1) == 0)
    }

    @Test func disabledRingAcceptsBuffers() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        let buffers = try BufferRing(ring: ring.descriptor, id: 1, capacity: RingCapacity(8))
        #expect(try buffers.kernelHead() == .zero)
    }

    @Test func restrictedRingRefusesWithEACCES() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        try #require(bare_restrict_and_enable(ring.descriptor) == 0)
        let error = #expect(throws: UringError.self) {
            _ = try BufferRing(ring: ring.descriptor, id: 1, capacity: RingCapacity(8)).capacity
        }
        #expect(error?.operation == .registerBufferRing)
        #expect(error?.errno == EACCES)
        #expect(error?.remedy.contains("restricted") == true)
    }

    @Test func legacyGroupIsInTheWayUntilItIsEmpty() throws {
        let ring = try BareRing()
        let memory = try PageMemory(byteCount: 4096)
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_PROVIDE_BUFFERS)
        request.fd = 4
        unsafe request.address = UInt64(UInt(bitPattern: memory.baseAddress))
        request.length = 1024
        request.group = 1
        ring.push(request)
        #expect(try ring.completions(atLeast: 1).first?.result == 0)
        let error = #expect(throws: UringError.self) {
            _ = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64).capacity
        }
        #expect(error?.errno == EEXIST)
        // Its unregistering and its head are not a ring's: EINVAL, and the remedy must not claim otherwise.
        #expect(curing_unregister_buf_ring(ring.descriptor, 1) == -EINVAL)
        var head: UInt16 = 0
        #expect(unsafe curing_buf_ring_head(ring.descriptor, 1, &head) == -EINVAL)

        request = bare_request()
        request.opcode = UInt8(BARE_OP_REMOVE_BUFFERS)
        request.fd = 4
        request.group = 1
        ring.push(request)
        #expect(try ring.completions(atLeast: 1).first?.result == 4)
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64)
        #expect(group.available == 8)
    }

    @Test func legacyRequestsOnAGroupAreRefused() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64)
        for opcode in [BARE_OP_PROVIDE_BUFFERS, BARE_OP_REMOVE_BUFFERS] {
            var request = bare_request()
            request.opcode = UInt8(opcode)
            request.fd = 1
            request.address = 4096
            request.length = 64
            request.group = 1
            ring.push(request)
            #expect(try ring.completions(atLeast: 1).first?.result == -EINVAL)
        }
        #expect(group.books().balanced)
    }
}
