// How memory is mapped: residency, names, guards, huge pages, and what a forked child sees.

import CBareRing
import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct PageOptionTests {
    private let page = PageMemory.pageSize

    @Test func populatedMemoryIsResident() throws {
        for source in [PageSource.anonymousMap, .memoryFile(name: "populated")] {
            let memory = try PageMemory(byteCount: 64 * page, source: source, options: .populate)
            #expect(memory.residentBytes == 64 * page)
        }
    }

    @Test func aMemoryFileShowsItsName() throws {
        let memory = try PageMemory(byteCount: page, source: .memoryFile(name: "pool of connections"))
        let line = ProcessState.mappings.first { $0.contains("/memfd:pool of connections") }
        let start = unsafe String(UInt(bitPattern: memory.baseAddress), radix: 16)
        #expect(line?.hasPrefix(start) == true || line?.contains(start) == true)
    }

    @Test func aNameThatIsTooLongIsEINVAL() {
        let error = #expect(throws: UringError.self) {
            _ = try PageMemory(byteCount: 1, source: .memoryFile(name: String(repeating: "x", count: 250))).byteCount
        }
        #expect(error?.operation == .allocateMemory && error?.errno == EINVAL)
    }

    @Test(arguments: HugePageSize.allCases)
    func hugePagesOrAClearErrorOrAReportedFallback(size: HugePageSize) throws {
        let isThere = (try? PageMemory(byteCount: 1, source: .hugePages(size))) != nil ? true : false
        if isThere {
            let memory = try PageMemory(byteCount: 1, source: .hugePages(size))
            #expect(memory.byteCount == size.rawValue && !memory.fellBack)
        } else {
            let error = #expect(throws: UringError.self) {
                _ = try PageMemory(byteCount: 1, source: .hugePages(size)).byteCount
            }
            #expect(error?.errno == ENOMEM && error?.cause == .noHugePages(size))
            #expect(error?.remedy.contains("\(size.rawValue >> 20) MiB") == true)
        }
        let memory = try PageMemory(byteCount: 1, source: .hugePages(size), options: [.noReserve, .fallBack])
        #expect(memory.fellBack == !isThere)
        #expect(memory.source == (isThere ? .hugePages(size) : .anonymousMap))
        unsafe memory.baseAddress.storeBytes(of: 1, toByteOffset: memory.byteCount - 1, as: UInt8.self)
    }

    @Test func transparentHugePagesAreAdvised() throws {
        let memory = try PageMemory(
            byteCount: 4 << 20, alignment: 2 << 20, options: [.noReserve, .transparentHugePages])
        let start = unsafe String(UInt(bitPattern: memory.baseAddress), radix: 16)
        let lines = ProcessState.text(of: "/proc/self/smaps").split(separator: "\n")
        let first = try #require(lines.firstIndex { $0.hasPrefix(start) })
        let flags = try #require(lines[first...].first { $0.hasPrefix("VmFlags:") })
        #expect(flags.contains(" hg"))
    }

    @Test(arguments: [-1, 0])
    func aGuardPageStopsWhoeverRunsOver(side: Int) async {
        // A sanitizer reports the signal and exits.
        await #expect(processExitsWith: .failure) { [side = side as Int] in
            let memory = try PageMemory(byteCount: 3 * PageMemory.pageSize, options: [.noReserve, .guardPages])
            // Inside, to both ends.
            unsafe memory.baseAddress.initializeMemory(as: UInt8.self, repeating: 1, count: memory.byteCount)
            print("all is well so far")
            let outside = unsafe memory.baseAddress + (side < 0 ? -1 : memory.byteCount)
            unsafe outside.assumingMemoryBound(to: UInt8.self).pointee = 1
        }
    }

    /// Receives into memory of every kind.
    @Test(arguments: [
        PageSource.anonymousMap, .alignedHeap, .memoryFile(name: "slab"), .hugePages(.twoMiB),
    ])
    func groupsStandOnEveryKind(source: PageSource) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64, slab: source,
            slabOptions: [.noReserve, .fallBack])
        if group.slabFellBack {
            #expect(group.slabSource == .anonymousMap)
        } else {
            #expect(group.slabSource == source)
        }
        for number in 0..<20 {
            pair.write([UInt8(number), 1, 2])
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
                fatalError("no buffer")
            }
            let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
            #expect(bytes == [UInt8(number), 1, 2])
        }
        try group.close()
    }

    private static let children: [(PageSource, PageOptions, String)] = [
        (.anonymousMap, .noReserve, "copy"),
        (.alignedHeap, [], "copy"),
        (.memoryFile(name: "shared"), .noReserve, "shared"),
        (.anonymousMap, [.noReserve, .dontFork], "absent"),
        (.memoryFile(name: "shared"), [.noReserve, .dontFork], "absent"),
    ]

    /// What a child sees of memory that the parent writes to after the fork.
    @Test(arguments: PageOptionTests.children)
    func forkedChildren(source: PageSource, options: PageOptions, expected: String) throws {
        let memory = try PageMemory(byteCount: page, source: source, options: options)
        let byte = unsafe memory.baseAddress.assumingMemoryBound(to: UInt8.self)
        unsafe byte.pointee = 1
        // 1: as it was; 2: what the parent wrote after the fork; negative: the signal that ended the child.
        let seen = unsafe test_fork_and_read(byte, 2)
        #expect(seen == (expected == "copy" ? 1 : expected == "shared" ? 2 : -SIGSEGV))
        #expect(unsafe byte.pointee == 2)
    }

    /// The parent's receives go on into the parent's memory while a child lives.
    @Test(arguments: [PageOptions.noReserve, [.noReserve, .dontFork]])
    func theParentGoesOnAfterAFork(options: PageOptions) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 4, bufferSize: 64, slabOptions: options)
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        _ = try ring.completions(atLeast: 0)
        let child = test_fork_and_wait()
        try #require(child > 0)
        defer { test_end_child(child) }
        for number in 0..<10 {
            pair.write([UInt8(number)])
            guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
                fatalError("no buffer")
            }
            let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
            #expect(bytes == [UInt8(number)])
            ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        }
    }
}
