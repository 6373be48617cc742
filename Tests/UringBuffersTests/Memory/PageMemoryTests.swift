// Page-aligned memory: both sources, every size, and what refuses.

import Glibc
import KernelSupport
import Testing
import UringBuffers

@Suite struct PageMemoryTests {
    /// Every source that this machine has whatever its administrator did.
    private static let sources: [PageSource] = [.anonymousMap, .alignedHeap, .memoryFile(name: "test pool")]

    private let page = PageMemory.pageSize

    @Test(arguments: PageMemoryTests.sources, [1, 4095, 4096, 4097, 65535, 1 << 20])
    func roundsUpToWholePagesAndAligns(source: PageSource, bytes: Int) throws {
        let memory = try PageMemory(byteCount: bytes, source: source)
        #expect(memory.byteCount == (bytes + page - 1) / page * page)
        #expect(unsafe Int(bitPattern: memory.baseAddress) % page == 0)
        #expect(memory.source == source)
        // Safe: the first and last byte lie in the block.
        unsafe memory.baseAddress.storeBytes(of: 0x5a, as: UInt8.self)
        unsafe memory.baseAddress.storeBytes(of: 0xa5, toByteOffset: memory.byteCount - 1, as: UInt8.self)
        #expect(unsafe memory.baseAddress.load(as: UInt8.self) == 0x5a || memory.byteCount == 1)
        #expect(unsafe memory.baseAddress.load(fromByteOffset: memory.byteCount - 1, as: UInt8.self) == 0xa5)
    }

    @Test(arguments: PageMemoryTests.sources, [(3, 5), (1, 4097), (4096, 1), (32768, 16)])
    func countTimesStride(source: PageSource, shape: (Int, Int)) throws {
        let memory = try PageMemory(count: shape.0, stride: shape.1, source: source)
        #expect(memory.byteCount == (shape.0 * shape.1 + page - 1) / page * page)
    }

    @Test(arguments: PageMemoryTests.sources, [0, -1, Int.min])
    func refusesSizesThatAreNotPositive(source: PageSource, bytes: Int) {
        #expect(throws: UringError(.allocateMemory, errno: EINVAL, cause: .byteCount(bytes))) {
            _ = try PageMemory(byteCount: bytes, source: source).byteCount
        }
    }

    @Test(arguments: PageMemoryTests.sources)
    func refusesSizesThatRoundBeyondAllIntegers(source: PageSource) {
        for bytes in [Int.max, Int.max - page + 2] {
            let error = #expect(throws: UringError.self) {
                _ = try PageMemory(byteCount: bytes, source: source).byteCount
            }
            #expect(error?.errno == EOVERFLOW)
            #expect(error?.cause == .byteCount(bytes))
        }
    }

    @Test(arguments: PageMemoryTests.sources)
    func memoryThatDoesNotExistIsENOMEM(source: PageSource) {
        let error = #expect(throws: UringError.self) {
            _ = try PageMemory(byteCount: 1 << 60, source: source).byteCount
        }
        #expect(error?.operation == .allocateMemory)
        #expect(error?.errno == ENOMEM)
        #expect(error?.remedy.contains("memory or address space") == true)
    }

    @Test(arguments: PageMemoryTests.sources, [(0, 16), (16, 0), (-4, 16), (16, -4), (-4, -4), (Int.min, -1)])
    func refusesShapesThatAreNotPositive(source: PageSource, shape: (Int, Int)) {
        let error = #expect(throws: UringError.self) {
            _ = try PageMemory(count: shape.0, stride: shape.1, source: source).byteCount
        }
        #expect(error?.operation == .allocateMemory)
        #expect(error?.errno == EINVAL)
        #expect(error?.cause == .byteCount(min(shape.0, shape.1)))
    }

    @Test(arguments: PageMemoryTests.sources, [(Int.max, 2), (1 << 32, 1 << 32), (Int.max / 2 + 1, 2)])
    func refusesProductsThatOverflow(source: PageSource, shape: (Int, Int)) {
        let error = #expect(throws: UringError.self) {
            _ = try PageMemory(count: shape.0, stride: shape.1, source: source).byteCount
        }
        #expect(error?.errno == EOVERFLOW)
        #expect(error?.remedy.isEmpty == false)
    }

    @Test func mappingIsZeroAndResidentOnlyWhereTouched() throws {
        let memory = try PageMemory(byteCount: 64 * page)
        #expect(memory.residentBytes == 0)
        // Safe: pages 3 and 40 lie in the block; other pages are only read after that.
        unsafe memory.baseAddress.storeBytes(of: 1, toByteOffset: 3 * page, as: UInt8.self)
        unsafe memory.baseAddress.storeBytes(of: 1, toByteOffset: 40 * page + 17, as: UInt8.self)
        #expect(memory.residentBytes == 2 * page)
        for offset in stride(from: 5 * page, to: 6 * page, by: 8) {
            #expect(unsafe memory.baseAddress.load(fromByteOffset: offset, as: UInt64.self) == 0)
        }
    }

    @Test func heapMemoryCountsResidentPages() throws {
        let memory = try PageMemory(byteCount: 64 * page, source: .alignedHeap)
        // Safe: fills the block.
        unsafe memory.baseAddress.initializeMemory(as: UInt8.self, repeating: 7, count: memory.byteCount)
        #expect(memory.residentBytes == memory.byteCount)
    }

    @Test(arguments: PageMemoryTests.sources, [1, 2, 16, 512])
    func alignsToMoreThanAPage(source: PageSource, pages: Int) throws {
        let memory = try PageMemory(byteCount: 3 * page, alignment: pages * page, source: source)
        #expect(unsafe UInt(bitPattern: memory.baseAddress) % UInt(pages * page) == 0)
        // Safe: fills the block, to its last byte.
        unsafe memory.baseAddress.initializeMemory(as: UInt8.self, repeating: 7, count: memory.byteCount)
        #expect(memory.byteCount == 3 * page)
    }

    @Test(arguments: PageMemoryTests.sources, [0, 1, -4096, 2048, 12288, Int.min])
    func refusesOtherAlignments(source: PageSource, alignment: Int) {
        let error = #expect(throws: UringError.self) {
            _ = try PageMemory(byteCount: 1, alignment: alignment, source: source).byteCount
        }
        #expect(error?.errno == EINVAL && error?.cause == .misaligned(alignment))
        #expect(error?.remedy.contains("power of two") == true)
    }

    /// In a process of its own: tests beside it map into the hole that this one leaves.
    @Test func droppingUnmaps() async {
        await #expect(processExitsWith: .success) {
            let address = try PageMemoryTests.addressOfADroppedMapping()
            #expect(!ProcessState.isMapped(address + 1 << 32))
        }
    }

    private static func addressOfADroppedMapping() throws -> UInt {
        let memory = try PageMemory(byteCount: 1 << 34)
        let address = unsafe UInt(bitPattern: memory.baseAddress)
        #expect(ProcessState.isMapped(address + 1 << 32))
        return address
    }
}
