// Every answer of the kernel to the registration of a region, through raw calls: each becomes an error that says what to
// do.

import CBareRing
import Glibc
import KernelSupport
import Testing
import UringBuffers

/// The two structures of the call, with every field at the caller's will.
private struct RawRegion {
    var address: UInt64 = 0
    var size: UInt64 = 4096
    /// 1: the application's memory.
    var flags: UInt32 = 1
    var id: UInt32 = 0
    var mapOffset: UInt64 = 0
    var reserved: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// `argumentFlags` 1: for waits.
    func register(
        _ ring: Int32, argumentFlags: UInt64 = 0, argumentReserved: (UInt64, UInt64) = (0, 0), nrArgs: UInt32 = 1
    ) -> Int32 {
        // Safe: the kernel reads the structures and writes the descriptor's offset.
        var descriptor = self
        return unsafe withUnsafeMutablePointer(to: &descriptor) { pointer in
            var argument = (
                UInt64(UInt(bitPattern: pointer)), argumentFlags, argumentReserved.0, argumentReserved.1
            )
            return unsafe withUnsafeMutablePointer(to: &argument) {
                bare_register(ring, 34, UInt64(UInt(bitPattern: $0)), nrArgs)
            }
        }
    }
}

/// One row of the kernel's error table.
struct RegionCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let errno: Int32
    /// Words that the remedy must have.
    let remedy: String
    /// Makes the call on a ring, with four writable pages.
    let call: @Sendable (_ ring: Int32, _ pages: UInt64) -> Int32
}

private let cases: [RegionCase] = [
    .init(testDescription: "null argument", errno: EINVAL, remedy: "refuses an argument") { ring, _ in
        bare_register(ring, 34, 0, 1)
    },
    .init(testDescription: "no arguments", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1).register($0, nrArgs: 0)
    },
    .init(testDescription: "two arguments", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1).register($0, nrArgs: 2)
    },
    .init(testDescription: "unreadable argument", errno: EFAULT, remedy: "PageMemory") { ring, _ in
        bare_register(ring, 34, 8, 1)
    },
    .init(testDescription: "null descriptor pointer", errno: EFAULT, remedy: "PageMemory") { ring, _ in
        var argument = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        return unsafe withUnsafeMutablePointer(to: &argument) {
            bare_register(ring, 34, UInt64(UInt(bitPattern: $0)), 1)
        }
    },
    .init(testDescription: "unknown argument flag", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1).register($0, argumentFlags: 2)
    },
    .init(testDescription: "argument's first reserved word", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1).register($0, argumentReserved: (1, 0))
    },
    .init(testDescription: "argument's second reserved word", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1).register($0, argumentReserved: (0, 1))
    },
    .init(testDescription: "unknown descriptor flag", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1, flags: 3).register($0)
    },
    .init(testDescription: "id", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1, id: 1).register($0)
    },
    .init(testDescription: "mapping offset", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1, mapOffset: 4096).register($0)
    },
    .init(testDescription: "descriptor's first reserved word", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1, reserved: (1, 0, 0, 0)).register($0)
    },
    .init(testDescription: "descriptor's last reserved word", errno: EINVAL, remedy: "refuses an argument") {
        RawRegion(address: $1, reserved: (0, 0, 0, 1)).register($0)
    },
    .init(testDescription: "waits on an enabled ring", errno: EINVAL, remedy: "not enabled yet") {
        RawRegion(address: $1).register($0, argumentFlags: 1)
    },
    .init(testDescription: "application memory at 0", errno: EFAULT, remedy: "PageMemory") { ring, _ in
        RawRegion(address: 0).register(ring)
    },
    .init(testDescription: "kernel memory with an address", errno: EFAULT, remedy: "PageMemory") {
        RawRegion(address: $1, flags: 0).register($0)
    },
    .init(testDescription: "size 0", errno: EINVAL, remedy: "whole pages") {
        RawRegion(address: $1, size: 0).register($0)
    },
    .init(testDescription: "size of half a page", errno: EINVAL, remedy: "whole pages") {
        RawRegion(address: $1, size: 2048).register($0)
    },
    .init(testDescription: "misaligned address", errno: EINVAL, remedy: "whole pages") {
        RawRegion(address: $1 + 64).register($0)
    },
    .init(testDescription: "more pages than an int", errno: E2BIG, remedy: "smaller") {
        RawRegion(address: $1, size: 1 << 43).register($0)
    },
    .init(testDescription: "address wraps", errno: EOVERFLOW, remedy: "beyond the address space") { ring, _ in
        RawRegion(address: UInt64.max - 4095, size: 8192).register(ring)
    },
    .init(testDescription: "unmapped memory", errno: EFAULT, remedy: "PageMemory") { ring, _ in
        RawRegion(address: 4096).register(ring)
    },
    .init(testDescription: "read-only memory", errno: EFAULT, remedy: "PageMemory") { ring, pages in
        unsafe mprotect(UnsafeMutableRawPointer(bitPattern: UInt(pages)), 4096, PROT_READ)
        defer { unsafe mprotect(UnsafeMutableRawPointer(bitPattern: UInt(pages)), 4096, PROT_READ | PROT_WRITE) }
        return RawRegion(address: pages).register(ring)
    },
    .init(testDescription: "8 MiB of kernel memory", errno: ENOMEM, remedy: "4 MiB") { ring, _ in
        RawRegion(size: 8 << 20, flags: 0).register(ring)
    },
    .init(testDescription: "not a descriptor", errno: EBADF, remedy: "not open") { _, pages in
        RawRegion(address: pages).register(1_000_000)
    },
    .init(testDescription: "not an io_uring", errno: EOPNOTSUPP, remedy: "not an io_uring") { _, pages in
        let null = unsafe open("/dev/null", O_RDWR)
        defer { _ = close(null) }
        return RawRegion(address: pages).register(null)
    },
]

@Suite struct RegionErrorTests {
    @Test(arguments: cases)
    func isAnErrorThatSaysWhatToDo(_ row: RegionCase) throws {
        let ring = try BareRing()
        let pages = try PageMemory(byteCount: 4 * PageMemory.pageSize)
        let result = row.call(ring.descriptor, unsafe UInt64(UInt(bitPattern: pages.baseAddress)))
        #expect(result == -row.errno)
        let error = UringError(.registerRegion, errno: -result)
        #expect(error.remedy.contains(row.remedy), "\(error.remedy)")
        #expect(!error.symbol.hasPrefix("errno"), "\(error.symbol) has no name")
        // Nothing stayed behind: a region can be registered now.
        let region = try MemoryRegion(ring: ring.descriptor, memory: pages)
        #expect(region.byteCount == 4 * PageMemory.pageSize)
    }

    @Test func secondRegionIsEBUSYWhateverItsArguments() throws {
        let ring = try BareRing()
        let region = try MemoryRegion(ring: ring.descriptor, memory: PageMemory(byteCount: 4096))
        #expect(bare_register(ring.descriptor, 34, 8, 1) == -EBUSY)
        let error = #expect(throws: UringError(.registerRegion, errno: EBUSY)) {
            _ = try MemoryRegion(ring: ring.descriptor, memory: PageMemory(byteCount: 4096)).byteCount
        }
        #expect(error?.remedy.contains("has a region already") == true)
        #expect(region.byteCount == 4096)
    }

    @Test func droppedRegionStillIsTheRings() throws {
        let ring = try BareRing()
        for round in 0..<2 {
            let result = Result { () throws -> Int in
                try MemoryRegion(ring: ring.descriptor, memory: PageMemory(byteCount: 4096)).byteCount
            }
            #expect((try? result.get()) == (round == 0 ? 4096 : nil))
        }
    }

    @Test func waitSlotsOnAnEnabledRingSayWhy() throws {
        let ring = try BareRing()
        let error = #expect(throws: UringError(.registerRegion, errno: EINVAL, cause: .ringIsEnabled)) {
            _ = try MemoryRegion(ring: ring.descriptor, kernelBytes: 4096, waitSlots: 1).byteCount
        }
        #expect(error?.remedy.contains("R_DISABLED") == true)
    }

    @Test func otherThreadOfASingleIssuerRingIsEEXIST() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_SINGLE_ISSUER))
        let descriptor = ring.descriptor
        onOtherThread {
            let error = #expect(throws: UringError(.registerRegion, errno: EEXIST)) {
                _ = try MemoryRegion(ring: descriptor, memory: PageMemory(byteCount: 4096)).byteCount
            }
            #expect(error?.remedy.contains("thread") == true)
        }
    }

    @Test func restrictedRingIsEACCES() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        try #require(bare_restrict_and_enable(ring.descriptor) == 0)
        let error = #expect(throws: UringError(.registerRegion, errno: EACCES)) {
            _ = try MemoryRegion(ring: ring.descriptor, memory: PageMemory(byteCount: 4096)).byteCount
        }
        #expect(error?.remedy.contains("restricted") == true)
    }

    @Test func enablingTwiceIsEBADFD() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_R_DISABLED))
        try MemoryRegion.enable(ring: ring.descriptor)
        let error = #expect(throws: UringError(.enableRing, errno: EBADFD)) {
            try MemoryRegion.enable(ring: ring.descriptor)
        }
        #expect(error?.remedy.contains("enabled already") == true)
    }

    /// The kernel charges regions to the user's locked-memory limit; only a child process may try that.
    @Test func lockedMemoryLimitIsENOMEM() async {
        await #expect(processExitsWith: .success) {
            try #require(test_become_unprivileged(64 * 1024) == 0)
            let ring = try BareRing(entries: 8)
            for kernel in [true, false] {
                let numbers = UringError.Cause.lockedMemory(needed: 128, limit: 64)
                let error = #expect(throws: UringError(.registerRegion, errno: ENOMEM, cause: numbers)) {
                    let bytes = 128 * 1024
                    _ =
                        kernel
                        ? try MemoryRegion(ring: ring.descriptor, kernelBytes: bytes).byteCount
                        : try MemoryRegion(ring: ring.descriptor, memory: PageMemory(byteCount: bytes)).byteCount
                }
                #expect(error?.remedy.contains("ulimit -l 128") == true)
            }
            let region = try MemoryRegion(ring: ring.descriptor, kernelBytes: 16 * 1024)
            #expect(region.byteCount == 16 * 1024)
        }
    }
}
