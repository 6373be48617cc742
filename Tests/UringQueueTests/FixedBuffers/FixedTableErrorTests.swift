// Every answer of the kernel, and of the table itself, to a registration that cannot be: typed, and nothing has changed.

import CBareRing
import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct FixedTableErrorTests {
    /// Runs `body`, which must fail, and checks that it says so.
    private func fails(
        _ errno: Int32, _ operation: UringError.Operation = .registerFixedBuffers, cause: UringError.Cause = .kernel,
        remedy: String, _ body: () throws(UringError) -> Void, line: Int = #line
    ) {
        let place = SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
        do throws(UringError) {
            try body()
            Issue.record("it succeeded", sourceLocation: place)
        } catch {
            #expect(
                error.errno == errno && error.operation == operation && error.cause == cause
                    && error.remedy.contains(remedy), "\(error)", sourceLocation: place)
        }
    }

    private func group(_ ring: Int32, id: BufferGroupID = 1, slab: PageSource = .anonymousMap) throws -> BufferGroup {
        try BufferGroup(ring: ring, id: id, capacity: 8, bufferSize: 4096, slab: slab)
    }

    @Test(arguments: [0, -1, 16385])
    func slotCounts(slots: Int) throws {
        let ring = try BareRing()
        fails(EINVAL, cause: .fixedSlot(slots), remedy: "1 to 16384 slots") { () throws(UringError) in
            _ = try FixedBufferTable(ring: ring.descriptor, slots: slots).slots
        }
        #expect(try FixedBufferTable(ring: ring.descriptor, slots: 16384).slots == 16384)
    }

    @Test func aSecondTableIsEBUSY() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 2)
        fails(EBUSY, remedy: "there can be one") { () throws(UringError) in
            _ = try FixedBufferTable(ring: ring.descriptor, slots: 1).slots
        }
        // The first is still there.
        try table.clear(1)
        try table.close()
        #expect(try FixedBufferTable(ring: ring.descriptor, slots: 1).slots == 1)
    }

    @Test func descriptors() throws {
        fails(EBADF, .duplicateDescriptor, remedy: "not open") { () throws(UringError) in
            _ = try FixedBufferTable(ring: 1_000_000, slots: 1).slots
        }
        let file = unsafe open("/dev/null", O_RDWR)
        defer { _ = close(file) }
        fails(EOPNOTSUPP, remedy: "not an io_uring") { () throws(UringError) in
            _ = try FixedBufferTable(ring: file, slots: 1).slots
        }
    }

    @Test func slotsAndBuffersThatAreNotThere() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 4)
        let group = try group(ring.descriptor)
        let kept = try table.register(group, in: 1)
        for slot in [-1, 4, 1 << 40] {
            fails(EINVAL, cause: .fixedSlot(slot), remedy: "numbered from 0") { () throws(UringError) in
                try table.register(group, in: slot)
            }
            fails(EINVAL, cause: .fixedSlot(slot), remedy: "numbered from 0") { () throws(UringError) in
                try table.clear(slot)
            }
        }
        for range in [0..<0, -1..<1, 0..<9, 8..<9, 1 << 40..<1 << 41] {
            fails(
                EINVAL,
                cause: .fixedBuffers(from: Int32(clamping: range.lowerBound), to: Int32(clamping: range.upperBound)),
                remedy: "no buffers"
            ) { () throws(UringError) in
                try table.register(group, buffers: range, in: 2)
            }
        }
        fails(EBUSY, cause: .fixedSlotInUse(1), remedy: "replacing: true") { () throws(UringError) in
            try table.register(group, in: 1)
        }
        #expect(kept.isCurrent && table.slot(at: 1) == kept && table.registeredBytes == 8 * 4096)
        try group.close()
    }

    @Test func heapMemory() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 1)
        let group = try group(ring.descriptor, slab: .alignedHeap)
        fails(EINVAL, cause: .fixedHeapMemory, remedy: "anonymous mapping") { () throws(UringError) in
            try table.register(group, in: 0)
        }
        fails(EINVAL, cause: .fixedHeapMemory, remedy: "anonymous mapping") { () throws(UringError) in
            _ = try table.register(PageMemory(byteCount: 4096, source: .alignedHeap), in: 0).count
        }
        #expect(table.slot(at: 0) == nil)
    }

    /// More than 1 GiB; nothing of it is touched.
    @Test func moreThanASlotHoldsIsEFAULT() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 1)
        let group = try group(ring.descriptor)
        let kept = try table.register(group, in: 0)
        fails(EFAULT, remedy: "1 GiB") { () throws(UringError) in
            _ = try table.register(PageMemory(byteCount: (1 << 30) + 4096), in: 0, replacing: true).count
        }
        #expect(kept.isCurrent && table.slot(at: 0) == kept)
    }

    @Test func closedTablesAndGroupsAreENXIO() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 1)
        let group = try group(ring.descriptor)
        let closed = try self.group(ring.descriptor, id: 2)
        try closed.close()
        fails(ENXIO, remedy: "not any more") { () throws(UringError) in try table.register(closed, in: 0) }
        let slot = try table.register(group, in: 0)
        try table.close()
        #expect(!slot.isCurrent && table.slot(at: 0) == nil && table.registeredBytes == 0)
        fails(ENXIO, remedy: "not any more") { () throws(UringError) in try table.register(group, in: 0) }
        fails(ENXIO, remedy: "not any more") { () throws(UringError) in try table.clear(0) }
        fails(ENXIO, .unregisterFixedBuffers, remedy: "not any more") { () throws(UringError) in try table.close() }
    }

    /// Somebody else ended the kernel's table.
    @Test func aTableThatIsGoneIsTheKernelsENXIO() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 1)
        let group = try group(ring.descriptor)
        try #require(bare_register(ring.descriptor, 1, 0, 0) == 0)
        fails(ENXIO, remedy: "not any more") { () throws(UringError) in try table.register(group, in: 0) }
        fails(ENXIO, .unregisterFixedBuffers, remedy: "not any more") { () throws(UringError) in try table.close() }
    }

    @Test func anotherThreadOfASingleIssuerRingIsEEXIST() throws {
        let ring = try BareRing(flags: UInt32(BARE_SETUP_SINGLE_ISSUER | BARE_SETUP_DEFER_TASKRUN))
        let box = Handoff(try FixedBufferTable(ring: ring.descriptor, slots: 1))
        let table = box.take()
        var memory: FixedRange? = try table.register(PageMemory(byteCount: 4096), in: 0)
        let watch = SlabWatch(memory!)
        box.put(table)
        onOtherThread {
            let table = box.take()
            self.fails(EEXIST, remedy: "call from that thread") { () throws(UringError) in try table.clear(0) }
            self.fails(EEXIST, remedy: "call from that thread") { () throws(UringError) in
                _ = try table.register(PageMemory(byteCount: 4096), in: 0, replacing: true).count
            }
            self.fails(EEXIST, .unregisterFixedBuffers, remedy: "call from that thread") { () throws(UringError) in
                try table.close()
            }
            #expect(table.slot(at: 0)?.isCurrent == true)
            box.put(table)
        }
        memory = nil
        #expect(watch.lives)
        try box.take().clear(0)
        #expect(!watch.lives)
    }

    /// A table that is dropped where it cannot be unregistered keeps its memory: the kernel's slots still name it.
    @Test func droppedOnAnotherThreadOfASingleIssuerRing() async {
        await #expect(processExitsWith: .success) {
            let ring = try BareRing(
                flags: UInt32(BARE_SETUP_SINGLE_ISSUER | BARE_SETUP_DEFER_TASKRUN))
            let box = Handoff(try FixedBufferTable(ring: ring.descriptor, slots: 1))
            let table = box.take()
            // Not with a weak reference: the leak checker does not see that the kept object has its table.
            let start = unsafe UInt(bitPattern: try table.register(PageMemory(byteCount: 4096), in: 0).baseAddress)
            box.put(table)
            onOtherThread { box.end() }
            #expect(BufferGroup.abandonedBytes == 4096)
            // Still mapped, or this would be the end.
            let byte = unsafe UnsafePointer<UInt8>(bitPattern: start)!.pointee
            #expect(byte == 0)
        }
    }

    @Test func theLockedMemoryLimitIsENOMEM() async {
        await #expect(processExitsWith: .success) {
            try #require(test_become_unprivileged(64 * 1024) == 0)
            let ring = try BareRing(entries: 8)
            let table = try FixedBufferTable(ring: ring.descriptor, slots: 1)
            var kept = try table.register(PageMemory(byteCount: 4096), in: 0)
            do throws(UringError) {
                _ = try table.register(PageMemory(byteCount: 1 << 20), in: 0, replacing: true).count
                Issue.record("1 MiB fits into 64 KiB")
            } catch {
                #expect(error.errno == ENOMEM && error.remedy.contains("ulimit -l"), "\(error)")
            }
            #expect(kept.slot.isCurrent && table.slot(at: 0) == kept.slot)
            unsafe kept.withUnsafeMutableBytes { unsafe $0[0] = 1 }
        }
    }
}
