// The kernel's reports: memory that left its slot stays until its last request has ended.

import CBareRing
import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct FixedReportTests {
    private let reports: UInt64 = 1 << 62

    /// A raw read into the slot, from a pipe that is empty: it stays under way.
    private func read(_ ring: BareRing, _ pipe: Int32, slot: Int, at address: UInt, tag: UInt64) throws {
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_READ_FIXED)
        request.fd = pipe
        request.address = UInt64(address)
        request.length = 5
        request.tag = tag
        request.group = UInt16(slot)
        ring.push(request)
        _ = try ring.completions(atLeast: 0)
    }

    private func pipe() -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = unsafe Glibc.pipe(&ends)
        return (ends[0], ends[1])
    }

    enum Ending: CaseIterable { case clear, replace, close }

    @Test(arguments: Ending.allCases)
    func memoryInFlightIsQuarantined(ending: Ending) throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 2, reports: reports)
        let (reader, writer) = pipe()
        defer { for end in [reader, writer] { _ = close(end) } }
        let range = try table.register(PageMemory(byteCount: 8192), in: 1)
        let slot = range.slot
        let watch = SlabWatch(range)
        let start = watch.start
        try read(ring, reader, slot: 1, at: start + 100, tag: 7)
        // Only the table knows of the memory now.
        _ = consume range
        switch ending {
        case .clear: try table.clear(1)
        case .replace: _ = try table.register(PageMemory(byteCount: 4096), in: 1, replacing: true).count
        case .close: try table.close()
        }
        #expect(!slot.isCurrent && table.quarantined == 1 && table.quarantinedBytes == 8192)
        #expect(watch.lives)
        #expect(try ring.completions(atLeast: 0).isEmpty, "nothing has ended")
        _ = unsafe write(writer, "hello", 5)
        let both = try ring.completions(atLeast: 2)
        #expect(both.map(\.tag) == [7, reports + 1] && both.map(\.result) == [5, 0])
        // It went to the old memory, which is still there.
        let text = unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: start + 100), count: 5)
        #expect(unsafe String(decoding: text, as: UTF8.self) == "hello")
        #expect(table.takeReport(tag: 7) == nil && table.takeReport(tag: reports) == nil)
        #expect(table.takeReport(tag: reports + 1)?.slot == slot)
        #expect(table.quarantined == 0 && !watch.lives)
        // Once.
        #expect(table.takeReport(tag: reports + 1) == nil)
    }

    @Test func whatNobodyUsesIsReportedAtOnce() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 8, reports: reports)
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 4096)
        for slot in 0..<8 { try table.register(group, buffers: slot..<slot + 1, in: slot) }
        // A registration that fails has no report, and the next one's tag is its own.
        #expect(throws: UringError.self) {
            _ = try table.register(PageMemory(byteCount: (1 << 30) + 4096), in: 0, replacing: true).count
        }
        try table.clear(3)
        try table.clear(3)
        try table.register(group, in: 5, replacing: true)
        #expect(try ring.completions(atLeast: 2).map(\.tag) == [reports + 4, reports + 6])
        #expect(table.quarantined == 2 && group.trim(keeping: 0) == 0)
        try table.close()
        var slots: [Int] = [
            table.takeReport(tag: reports + 4)!.slot.index, table.takeReport(tag: reports + 6)!.slot.index,
        ]
        for completion in try ring.completions(atLeast: 7) { slots.append(table.takeReport(completion)!.slot.index) }
        #expect(slots.sorted() == [0, 1, 2, 3, 4, 5, 5, 6, 7] && table.quarantined == 0)
        try group.close()
    }

    @Test func withoutReportsNothingIsPosted() throws {
        let ring = try BareRing()
        let table = try FixedBufferTable(ring: ring.descriptor, slots: 1)
        let watch = SlabWatch(try table.register(PageMemory(byteCount: 4096), in: 0))
        #expect(watch.lives)
        try table.clear(0)
        #expect(table.quarantined == 0 && !watch.lives)
        #expect(try ring.completions(atLeast: 0).isEmpty)
    }

    /// A zero-copy send is the slot's user until its notification.
    @Test func aSendIsAUserUntilItsNotification() throws {
        let queue = try UringQueue()
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1, reports: reports)
        var group: BufferGroup? = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 4, bufferSize: 1 << 20)
        let slot = try table.register(group!, in: 0)
        let pair = SocketPair(.tcp)
        pair.shrink()
        let source = SocketPair(.unix)
        let filler = source.writer
        var stream = ByteStream(seed: 4)
        let sent = stream.next(1 << 20)
        let thread = OtherThread { SocketPairWriter.write(sent, to: filler) }
        var parts = 0
        var held: BufferBundle?
        while parts < 1 << 20 {
            queue.receive(from: source.reader, into: group!, tag: 9)
            let completion = try collect(queue, 1)[0]
            guard case .buffer(let buffer) = group!.take(completion) else { fatalError("no buffer") }
            parts += buffer.count
            if held == nil { held = BufferBundle(buffer) } else { buffer.recycle() }
            group!.refill()
        }
        thread.join()
        let buffer = held!.next()!
        let wanted = bytes(of: buffer)
        let watch = SlabWatch(group!)
        queue.sendZeroCopy(buffer, to: pair.writer, fixedBuffer: slot, tag: 1)
        try queue.wait(timeout: .milliseconds(20))
        // Everything that held the memory goes, in the worst order, while the kernel reads.
        try table.clear(0)
        try group!.close()
        group = nil
        var seen: [Completion] = []
        queue.forEachCompletion { seen.append($0) }
        let inFlight = !seen.contains { $0.tag == self.reports + 1 }
        if inFlight { #expect(table.quarantined == 1 && watch.lives) }
        let reader = pair.reader
        let peer = OtherThread {
            var got: [UInt8] = []
            var room = [UInt8](repeating: 0, count: 65536)
            while got.count < wanted.count {
                let count = unsafe recv(reader, &room, room.count, 0)
                guard count > 0 else { break }
                got += room[..<count]
            }
            let isSame = got == wanted
            #expect(isSame)
        }
        while seen.filter({ $0.tag == 1 }).last?.isFinal != true
            || !seen.contains(where: { $0.tag == self.reports + 1 })
        {
            seen += try collect(queue, 1)
        }
        peer.join()
        let report = seen.firstIndex { $0.tag == self.reports + 1 }!
        let result = seen.firstIndex { $0.tag == 1 }!
        #expect(seen[result].result == wanted.count)
        if inFlight { #expect(report > result) }
        #expect(table.takeReport(seen[report])?.slot == slot && table.quarantined == 0)
        #expect(!watch.lives)
    }

    enum Part: CaseIterable { case table, group, ring }

    /// In every order of the three ends nothing is left: no memory, no descriptor, no pinned page.
    @Test func everyOrderOfEnds() throws {
        let orders: [[Part]] = [
            [.table, .group, .ring], [.table, .ring, .group], [.group, .table, .ring], [.group, .ring, .table],
            [.ring, .table, .group], [.ring, .group, .table],
        ]
        for order in orders {
            var ring: BareRing? = try BareRing()
            var group: BufferGroup? = try BufferGroup(ring: ring!.descriptor, id: 1, capacity: 8, bufferSize: 4096)
            var table: FixedBufferTable? = try FixedBufferTable(ring: ring!.descriptor, slots: 2, reports: reports)
            try table!.register(group!, in: 0)
            let range = try table!.register(PageMemory(byteCount: 4096), in: 1)
            let watches = [SlabWatch(range), SlabWatch(group!)]
            _ = consume range
            for part in order {
                switch part {
                case .table: table = nil
                case .group: group = nil
                case .ring: ring = nil
                }
            }
            #expect(watches.allSatisfy { !$0.lives }, "\(order)")
        }
    }
}

enum SocketPairWriter {
    /// Writes all, blocking.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done)
            }
            precondition(count > 0, "write: errno \(errno)")
            done += count
        }
    }
}
