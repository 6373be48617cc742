// Cloned tables: the same pages through another ring, with offsets, replacing, and every refusal.

import CBareRing
import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct FixedCloneTests {
    /// Sends a buffer of the group through a slot of the queue's own table, and compares what arrives.
    private func expectSends(
        _ queue: borrowing UringQueue, _ group: borrowing BufferGroup, _ stream: inout ByteStream,
        through slot: FixedSlot, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let pair = SocketPair(.tcp)
        var bundle = try filledBundle(queue, group, &stream, bytes: 3000)
        let buffer = bundle.next()!
        let wanted = bytes(of: buffer)
        queue.sendZeroCopy(buffer, to: pair.writer, fixedBuffer: slot, tag: 1)
        let result = try collectToTheEnd(queue)[0]
        #expect(result.result == 3000, sourceLocation: sourceLocation)
        let isSame = readAll(3000, from: pair) == wanted
        #expect(isSame, sourceLocation: sourceLocation)
    }

    @Test func theWholeTableOutlivesItsSource() throws {
        guard try KernelCapabilities.probe().has(.cloneBuffers) else {
            return print("SKIPPED: cloned tables: this kernel cannot clone")
        }
        let other = try UringQueue()
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 4096)
        var source: FixedBufferTable? = try FixedBufferTable(ring: other.descriptor, slots: 4)
        let original = try source!.register(group, in: 2)
        let table = try FixedBufferTable(ring: queue.descriptor, cloning: source!)
        let slot = held(by: table, at: 2)
        #expect(table.slots == 4 && table.slot(at: 0) == nil && slot != original && slot.byteCount == 8 * 4096)
        source = nil
        #expect(slot.isCurrent && !original.isCurrent)
        var stream = ByteStream(seed: 1)
        try expectSends(queue, group, &stream, through: slot)
        #expect(group.trim(keeping: 0) == 0)
        try table.clear(2)
        #expect(!slot.isCurrent)
        try group.close()
    }

    @Test func offsetsAndReplacing() throws {
        guard try KernelCapabilities.probe().has(.clonePartOfBuffers) else {
            return print("SKIPPED: parts of cloned tables: this kernel clones whole tables only")
        }
        let reports: UInt64 = 1 << 62
        let other = try UringQueue()
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 4096)
        let source = try FixedBufferTable(ring: other.descriptor, slots: 4)
        try source.register(group, in: 3)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 8, reports: reports)
        let kept = try table.register(PageMemory(byteCount: 4096), in: 0)
        let replaced = try table.register(PageMemory(byteCount: 4096), in: 5)
        let watch = SlabWatch(replaced)
        // In use, and not to be replaced: nothing changes.
        let busy = #expect(throws: UringError.self) { try table.clone(2..<4, of: source, to: 4) }
        #expect(busy?.errno == EBUSY && busy?.cause == .fixedSlotInUse(5) && busy?.operation == .cloneFixedBuffers)
        #expect(replaced.slot.isCurrent && table.slot(at: 4) == nil)
        try table.clone(2..<4, of: source, to: 4, replacing: true)
        #expect(table.slot(at: 4) == nil, "an empty slot of the source")
        let slot = held(by: table, at: 5)
        #expect(slot.index == 5 && slot.isCurrent && !replaced.slot.isCurrent && kept.slot.isCurrent)
        // What it replaced is reported; what lay outside is not.
        let report = try collect(queue, 1)
        #expect(report.map(\.tag) == [reports + 2] && table.takeReport(report[0])?.slot == replaced.slot)
        _ = consume replaced
        #expect(!watch.lives)
        var stream = ByteStream(seed: 2)
        try expectSends(queue, group, &stream, through: slot)
        // A clone has no tag, its neighbours kept theirs.
        try table.clear(5)
        try table.clear(0)
        let last = try collect(queue, 1)
        #expect(last.map(\.tag) == [reports + 1] && table.takeReport(last[0])?.slot == kept.slot)
        // Without replacing, into free slots.
        try table.clone(3..<4, of: source, to: 7)
        try expectSends(queue, group, &stream, through: held(by: table, at: 7))
        // The beginning of a table of its own.
        try table.close()
        let part = try FixedBufferTable(ring: queue.descriptor, cloning: source, slots: 3..<4)
        #expect(part.slots == 1)
        try expectSends(queue, group, &stream, through: held(by: part, at: 0))
    }

    @Test func refusals() throws {
        guard try KernelCapabilities.probe().has(.clonePartOfBuffers) else {
            return print("SKIPPED: refused clones: this kernel clones whole tables only")
        }
        let other = try BareRing()
        let ring = try BareRing()
        let source = try FixedBufferTable(ring: other.descriptor, slots: 4)
        let range = try source.register(PageMemory(byteCount: 4096), in: 1)
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 2)
        func check(_ error: UringError?, _ errno: Int32, _ remedy: String, cause: UringError.Cause = .kernel) {
            #expect(
                error?.operation == .cloneFixedBuffers && error?.errno == errno && error?.cause == cause
                    && error?.remedy.contains(remedy) == true, "\(String(describing: error))")
        }
        for part in [0..<5, 3..<6, -1..<1, 2..<2] {
            check(
                #expect(throws: UringError.self) { try table.clone(part, of: source, to: 0) }, EOVERFLOW,
                "does not have all")
        }
        check(
            #expect(throws: UringError.self) { try table.clone(0..<2, of: source, to: 1) }, EINVAL, "out of range",
            cause: .fixedSlot(2))
        check(
            #expect(throws: UringError.self) { try table.clone(0..<1, of: source, to: -1) }, EINVAL, "out of range",
            cause: .fixedSlot(-1))
        check(
            #expect(throws: UringError.self) { try table.clone(0..<1, of: table, to: 1) }, EINVAL, "into itself",
            cause: .fixedClonesItself)
        check(
            #expect(throws: UringError.self) {
                _ = try FixedBufferTable(ring: ring.descriptor, cloning: source).slots
            }, EBUSY, "into that table")
        #expect(table.registeredBytes == 0 && range.slot.isCurrent)
        try table.close()
        check(
            #expect(throws: UringError.self) { try table.clone(0..<1, of: source, to: 0) }, ENXIO, "no table")
        // The kernel's own word, when somebody else ended the source.
        try #require(bare_register(other.descriptor, 1, 0, 0) == 0)
        check(
            #expect(throws: UringError.self) {
                _ = try FixedBufferTable(ring: ring.descriptor, cloning: source).slots
            }, ENXIO, "no table")
    }

    /// Two tables that clone each other from two threads: no deadlock, and the books say what the kernel has.
    @Test func eachOtherAtOnce() throws {
        guard try KernelCapabilities.probe().has(.clonePartOfBuffers) else {
            return print("SKIPPED: clones at once: this kernel clones whole tables only")
        }
        final class Pair: Sendable {
            let one: FixedBufferTable
            let two: FixedBufferTable
            init(_ one: consuming FixedBufferTable, _ two: consuming FixedBufferTable) {
                self.one = one
                self.two = two
            }
        }
        let first = try BareRing()
        let second = try BareRing()
        let pair = Pair(
            try FixedBufferTable(ring: first.descriptor, slots: 4),
            try FixedBufferTable(ring: second.descriptor, slots: 4))
        _ = try pair.one.register(PageMemory(byteCount: 4096), in: 0).count
        _ = try pair.two.register(PageMemory(byteCount: 8192), in: 1).count
        let other = OtherThread {
            for _ in 0..<500 {
                do { try pair.one.clone(0..<2, of: pair.two, to: 2, replacing: true) } catch { Issue.record(error) }
            }
        }
        for _ in 0..<500 { try pair.two.clone(0..<2, of: pair.one, to: 2, replacing: true) }
        other.join()
        #expect(pair.one.registeredBytes == 4096 + 8192 && pair.two.registeredBytes == 8192 + 4096)
    }
}
