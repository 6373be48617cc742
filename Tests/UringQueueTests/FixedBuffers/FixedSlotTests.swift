// Whose bytes a slot holds: sends name what was registered, and nothing else leaves the machine.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct FixedSlotTests {
    private func group(_ queue: borrowing UringQueue, id: BufferGroupID = 1, size: Int = 4096) throws -> BufferGroup {
        try BufferGroup(ring: queue.descriptor, id: id, capacity: 64, bufferSize: size)
    }

    @Test func aSlabIsOneSlot() throws {
        let queue = try UringQueue()
        let group = try group(queue)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 4)
        let slot = try table.register(group, in: 2)
        #expect(slot.index == 2 && slot.byteCount == 64 * 4096 && slot.isCurrent && table.slot(at: 2) == slot)
        #expect(table.slot(at: 0) == nil && table.slot(at: 4) == nil && table.registeredBytes == 64 * 4096)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 5)
        var check = stream
        for number in 0..<100 {
            var bundle = try filledBundle(queue, group, &stream, bytes: 4000)
            let shared = bundle.next()!.share()
            // All of it, and a part that begins inside.
            queue.sendZeroCopy(shared, to: pair.writer, fixedBuffer: slot, tag: 1)
            #expect(try collect(queue, 2)[0].result == 4000)
            let isSame = check.matches(readAll(4000, from: pair))
            #expect(isSame, "message \(number)")
        }
        #expect(group.lent == 0 && group.books().balanced)
        try table.clear(2)
        try group.close()
    }

    /// The defect: the slot keeps the old group's pages while the new group's memory has the old addresses.
    @Test(arguments: [false, true])
    func aGroupThatIsGoneLendsNoBytes(dropsTheTable: Bool) throws {
        let queue = try UringQueue()
        var table: FixedBufferTable? = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 5)
        var slot: FixedSlot?
        var watch: SlabWatch?
        do {
            let old = try group(queue)
            slot = try table!.register(old, in: 0)
            var bundle = try filledBundle(queue, old, &stream, bytes: 4000)
            bundle.next()!.recycle()
            watch = SlabWatch(old)
            try old.close()
        }
        // The slot keeps the memory, so nobody gets its addresses.
        #expect(slot!.isCurrent && watch!.lives)
        let group = try group(queue, id: 2)
        var bundle = try filledBundle(queue, group, &stream, bytes: 4000)
        let buffer = bundle.next()!
        let expected = bytes(of: buffer)
        #expect(!(watch!.start..<watch!.start + 64 * 4096).contains(address(of: buffer)))
        if dropsTheTable { table = nil } else { try table!.clear(0) }
        #expect(!slot!.isCurrent && !watch!.lives)
        queue.sendZeroCopy(buffer, to: pair.writer, fixedBuffer: slot!, tag: 1)
        let completion = try collect(queue, 1)[0]
        #expect(completion.result == -EFAULT && completion.isFinal && completion.fixedRefusal == .slotEnded)
        #expect(group.lent == 0)
        // Without the slot it goes, with the right bytes.
        bundle = try filledBundle(queue, group, &stream, bytes: 4000)
        let again = bundle.next()!
        let wanted = bytes(of: again)
        queue.sendZeroCopy(again, to: pair.writer, tag: 2)
        _ = try collect(queue, 2)
        let isRight = readAll(4000, from: pair) == wanted
        #expect(isRight && expected != wanted)
        try group.close()
    }

    @Test func anotherGroupsBufferIsRefused() throws {
        let queue = try UringQueue()
        let one = try group(queue, id: 1)
        let other = try group(queue, id: 2)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        let slot = try table.register(one, in: 0)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 6)
        var bundle = try filledBundle(queue, other, &stream, bytes: 100)
        let shared = bundle.next()!.share()
        queue.sendZeroCopy(shared, to: pair.writer, fixedBuffer: slot, tag: 3)
        queue.sendZeroCopy(shared[10..<20], to: pair.writer, fixedBuffer: slot, tag: 4)
        let both = try collect(queue, 2)
        #expect(both.allSatisfy { $0.result == -EFAULT && $0.fixedRefusal == .otherMemory && $0.isFinal })
        #expect(both.map(\.tag) == [3, 4] && both[0].refusal == nil)
        #expect(FixedRefusal.otherMemory.reason.contains("group") && FixedRefusal.slotEnded.reason.contains("again"))
        #expect(other.books().zeroCopySends == 0, "nothing reached the kernel")
    }

    /// A slot value of one ring's table, used on another ring: the kernel finds nothing there.
    @Test func anotherRingsSlotIsTheKernelsEFAULT() throws {
        let queue = try UringQueue()
        let other = try UringQueue()
        let group = try group(queue)
        let table = try FixedBufferTable(ring: other.descriptor, slots: 1)
        let slot = try table.register(group, in: 0)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 6)
        var bundle = try filledBundle(queue, group, &stream, bytes: 100)
        queue.sendZeroCopy(bundle.next()!, to: pair.writer, fixedBuffer: slot, tag: 3)
        let results = try collectToTheEnd(queue)
        #expect(results[0].result == -EFAULT && results[0].fixedRefusal == nil)
        #expect(group.lent == 0 && group.books().balanced)
    }

    @Test func aPartOfAGroup() throws {
        let queue = try UringQueue()
        let group = try group(queue, size: 1000)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 2)
        // Buffers that share no page boundary, and the two halves side by side.
        let low = try table.register(group, buffers: 0..<31, in: 0)
        let high = try table.register(group, buffers: 31..<64, in: 1)
        #expect(low.byteCount == 31000 && high.byteCount == 33000)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 7)
        var sent = [0, 0]
        for _ in 0..<80 {
            var bundle = try filledBundle(queue, group, &stream, bytes: 1000)
            let buffer = bundle.next()!
            let wanted = bytes(of: buffer)
            let isLow = buffer.id.rawValue < 31
            let shared = buffer.share()
            queue.sendZeroCopy(shared, to: pair.writer, fixedBuffer: isLow ? high : low, tag: 1)
            #expect(try collect(queue, 1)[0].fixedRefusal == .otherMemory)
            queue.sendZeroCopy(shared, to: pair.writer, fixedBuffer: isLow ? low : high, tag: 2)
            #expect(try collect(queue, 2)[0].result == 1000)
            let isSame = readAll(1000, from: pair) == wanted
            #expect(isSame)
            sent[isLow ? 0 : 1] += 1
        }
        #expect(sent[0] + sent[1] == 80 && group.lent == 0)
    }

    @Test func aReplacedSlotIsAnotherOne() throws {
        let queue = try UringQueue()
        let one = try group(queue, id: 1)
        let other = try group(queue, id: 2)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        let first = try table.register(one, in: 0)
        let second = try table.register(other, in: 0, replacing: true)
        #expect(!first.isCurrent && second.isCurrent && first != second && table.slot(at: 0) == second)
        #expect(first.description.contains("no longer current") && second.description.contains("slot 0, 262144 bytes"))
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 8)
        var bundle = try filledBundle(queue, one, &stream, bytes: 100)
        let buffer = bundle.next()!.share()
        queue.sendZeroCopy(buffer, to: pair.writer, fixedBuffer: first, tag: 1)
        queue.sendZeroCopy(buffer, to: pair.writer, fixedBuffer: second, tag: 2)
        #expect(try collect(queue, 2).map(\.fixedRefusal) == [.slotEnded, .otherMemory])
        // The slot changes between the request and its submission: the kernel finds other addresses there.
        bundle = try filledBundle(queue, other, &stream, bytes: 100)
        queue.sendZeroCopy(bundle.next()!, to: pair.writer, fixedBuffer: second, tag: 3)
        try table.register(one, in: 0, replacing: true)
        let late = try collectToTheEnd(queue)
        #expect(late[0].result == -EFAULT && late[0].fixedRefusal == nil)
        #expect(other.lent == 0)
    }

    /// Pages that were given back would be new ones, and the slot would send the old.
    @Test(arguments: [PageSource.anonymousMap, .memoryFile(name: "slab")])
    func aRegisteredSlabIsNotTrimmed(source: PageSource) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 64, bufferSize: 4096, slab: source)
        group.trimsAutomatically = false
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        let slot = try table.register(group, in: 0)
        let pair = SocketPair(.tcp)
        var stream = ByteStream(seed: 9)
        for round in 0..<130 {
            #expect(group.trim(keeping: 0) == 0)
            var bundle = try filledBundle(queue, group, &stream, bytes: 4096)
            let buffer = bundle.next()!
            let wanted = bytes(of: buffer)
            queue.sendZeroCopy(buffer, to: pair.writer, fixedBuffer: slot, tag: 1)
            #expect(try collect(queue, 2)[0].result == 4096)
            let isSame = readAll(4096, from: pair) == wanted
            #expect(isSame, "round \(round)")
        }
        #expect(group.residentBytes == 64 * 4096)
        try table.clear(0)
        #expect(group.trim(keeping: 0) > 0)
    }
}
