// Files: owned ranges, buffers of a group and plain bytes, buffered and past the page cache.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

/// A file that has no name any more; it ends with the descriptor.
private func scratch(direct: Bool = false) throws -> Int32 {
    var name = Array("/var/tmp/uring-fixed-XXXXXX".utf8CString)
    let made = unsafe mkstemp(&name)
    try #require(made >= 0)
    defer { unsafe unlink(name) }
    guard direct else { return made }
    _ = close(made)
    return unsafe open(name, O_RDWR | UringQueue.directOpenFlag | O_CLOEXEC)
}

private func content(of file: Int32, at offset: Int = 0, _ count: Int) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: count) { room, done in
        done = unsafe max(0, pread(file, room.baseAddress, count, off_t(offset)))
    }
}

@Suite struct FixedFileTests {
    /// Waits for the end of one transfer.
    private func ended(_ queue: borrowing UringQueue, tag: UInt64) throws -> FixedTransfer {
        let completion = try collect(queue, 1)[0]
        #expect(completion.tag == tag && completion.isFinal && completion.refusal == nil)
        #expect(completion.fixedRefusal == nil)
        return queue.takeTransfer(completion)!
    }

    @Test(arguments: [false, true])
    func blocksGoOutAndComeBack(direct: Bool) throws {
        let file = try scratch(direct: direct)
        defer { _ = close(file) }
        guard file >= 0 else {
            return print("SKIPPED: O_DIRECT: the file system of /var/tmp does not know it (errno \(errno))")
        }
        let queue = try UringQueue()
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        var rest = try table.register(PageMemory(byteCount: 64 * 4096), in: 0)
        #expect(rest.count == 64 * 4096 && rest.offset == 0 && rest.slot == table.slot(at: 0))
        var stream = ByteStream(seed: 11)
        // 64 blocks at once, written in some order.
        for block in 0..<64 {
            var range = rest.takeFirst(4096)
            #expect(range.offset == block * 4096 && range.count == 4096)
            let filling = stream.next(4096)
            unsafe range.withUnsafeMutableBytes { unsafe $0.copyBytes(from: filling) }
            queue.write(range, to: file, at: block * 4096, tag: UInt64(block))
        }
        #expect(rest.isEmpty && queue.openTransfers == 64)
        var back: [Int: Handoff<FixedRange>] = [:]
        for completion in try collect(queue, 64) {
            let transfer = queue.takeTransfer(completion)!
            #expect(transfer.result == .success(4096) && transfer.range.offset == Int(completion.tag) * 4096)
            back[Int(completion.tag)] = Handoff(transfer.range)
        }
        #expect(queue.openTransfers == 0)
        var whole = back[0]!.take()
        for block in 1..<64 { whole.append(back[block]!.take()) }
        #expect(whole.count == 64 * 4096)
        _ = unsafe whole.withUnsafeMutableBytes { unsafe $0.initializeMemory(as: UInt8.self, repeating: 0) }
        queue.read(from: file, at: 0, into: whole, tag: 99)
        let transfer = try ended(queue, tag: 99)
        #expect(transfer.result == .success(64 * 4096))
        var check = ByteStream(seed: 11)
        let isSame = unsafe transfer.range.withUnsafeBytes { unsafe check.matches($0) }
        #expect(isSame && transfer.range.bytes.byteCount == 64 * 4096)
    }

    @Test func shortReadsAndParts() throws {
        let file = try scratch()
        defer { _ = close(file) }
        let queue = try UringQueue()
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        var range = try table.register(PageMemory(byteCount: 8192), in: 0)
        unsafe range.withUnsafeMutableBytes { _ = unsafe $0.initializeMemory(as: UInt8.self, repeating: 7) }
        queue.write(range, first: 5000, to: file, at: 100, tag: 1)
        var transfer = try ended(queue, tag: 1)
        #expect(transfer.result == .success(5000) && transfer.range.count == 8192)
        #expect(content(of: file, 10_000) == [UInt8](repeating: 0, count: 100) + [UInt8](repeating: 7, count: 5000))
        queue.read(from: file, at: 5000, into: transfer.range, tag: 2)
        transfer = try ended(queue, tag: 2)
        #expect(transfer.result == .success(100))
        queue.read(from: file, at: 1 << 40, into: transfer.range, tag: 3)
        transfer = try ended(queue, tag: 3)
        #expect(transfer.result == .success(0), "behind the end")
    }

    /// One for each errno: the range comes back with the error.
    @Test func failuresReturnTheRange() throws {
        let (file, direct) = (try scratch(), try scratch(direct: true))
        let directory = unsafe open("/", O_RDONLY)
        let readOnly = unsafe open("/dev/zero", O_RDONLY)
        let full = unsafe open("/dev/full", O_WRONLY)
        defer { for descriptor in [file, direct, directory, readOnly, full] { _ = close(descriptor) } }
        let queue = try UringQueue()
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        var range = try table.register(PageMemory(byteCount: 8192), in: 0)
        func check(
            _ transfer: borrowing FixedTransfer, _ operation: UringError.Operation, _ errno: Int32, _ remedy: String
        ) {
            guard case .failure(let error) = transfer.result else {
                Issue.record("it succeeded")
                return
            }
            #expect(error.operation == operation && error.errno == errno && error.remedy.contains(remedy), "\(error)")
            #expect(transfer.range.count > 0)
        }
        func read(_ file: Int32, _ range: consuming FixedRange, at offset: Int = 0) throws -> FixedTransfer {
            queue.read(from: file, at: offset, into: range, tag: 1)
            return try ended(queue, tag: 1)
        }
        func write(_ range: consuming FixedRange, _ file: Int32) throws -> FixedTransfer {
            queue.write(range, to: file, at: 0, tag: 1)
            return try ended(queue, tag: 1)
        }
        var transfer = try read(1_000_000, range)
        check(transfer, .readFile, EBADF, "not open")
        transfer = try read(directory, transfer.range)
        check(transfer, .readFile, EISDIR, "directory")
        transfer = try write(transfer.range, readOnly)
        check(transfer, .writeFile, EBADF, "not open for this direction")
        transfer = try write(transfer.range, full)
        check(transfer, .writeFile, ENOSPC, "full")
        if direct >= 0 {
            _ = ftruncate(direct, 8192)
            // Some file systems take any offset: what pread(2) answers is what the queue has to say.
            let page = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 4096)
            defer { unsafe page.deallocate() }
            let isRefused = unsafe pread(direct, page.baseAddress, 4096, 1) < 0
            transfer = try read(direct, transfer.range, at: 1)
            if isRefused {
                check(transfer, .readFile, EINVAL, "O_DIRECT")
            } else {
                print("SKIPPED: EINVAL of O_DIRECT, this file system takes any offset")
            }
        }
        // Refused before the kernel sees it.
        try table.clear(0)
        transfer = try write(transfer.range, file)
        check(transfer, .writeFile, EFAULT, "cleared or replaced")
        #expect(content(of: file, 1).isEmpty)
        // Cleared between request and submission: the kernel's own EFAULT.
        range = try table.register(PageMemory(byteCount: 4096), in: 0)
        queue.write(range, to: file, at: 0, tag: 1)
        try table.clear(0)
        transfer = try ended(queue, tag: 1)
        check(transfer, .writeFile, EFAULT, "not in the slot")
    }

    @Test func cancelled() throws {
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        defer { for end in ends { _ = close(end) } }
        let queue = try UringQueue()
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        var range = try table.register(PageMemory(byteCount: 8192), in: 0)
        for byDescriptor in [false, true] {
            queue.read(from: ends[0], at: 0, into: range, tag: 5)
            try queue.submit()
            if byDescriptor { queue.cancelAll(on: ends[0], tag: 6) } else { queue.cancel(tag: 5, tag: 6) }
            var found: FixedTransfer?
            for completion in try collect(queue, 2) where completion.tag == 5 { found = queue.takeTransfer(completion) }
            let transfer = found.take()!
            #expect(transfer.result == .failure(UringError(.readFile, errno: ECANCELED)))
            range = transfer.range
        }
        // The queue ends with one under way: its memory goes with it, and the table's own hold.
        let watch = SlabWatch(range)
        do {
            let other = try UringQueue()
            let own = try FixedBufferTable(ring: other.descriptor, slots: 1)
            let more = try own.register(PageMemory(byteCount: 4096), in: 0)
            let moreWatch = SlabWatch(more)
            other.read(from: ends[0], at: 0, into: more, tag: 5)
            try other.submit()
            try own.close()
            #expect(moreWatch.lives)
            _ = consume other
            #expect(!moreWatch.lives)
        }
        _ = consume range
        #expect(watch.lives)
        try table.close()
        #expect(!watch.lives)
    }

    /// From the socket into the kernel's buffer, from there to the file: no copy of ours.
    @Test(arguments: [false, true])
    func buffersOfAGroupGoToAFile(fixed: Bool) throws {
        let file = try scratch()
        defer { _ = close(file) }
        let queue = try UringQueue()
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 16, bufferSize: 4096)
        let other = try BufferGroup(ring: queue.descriptor, id: 2, capacity: 16, bufferSize: 4096)
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        let slot = try table.register(group, in: 0)
        var stream = ByteStream(seed: 12)
        var position = 0
        for size in [1, 4096, 100, 4000] {
            var bundle = try filledBundle(queue, group, &stream, bytes: size)
            let shared = bundle.next()!.share()
            // In two parts, the second from inside the buffer.
            let cut = size / 2
            if cut > 0 { queue.write(shared[0..<cut], to: file, at: position, fixedBuffer: fixed ? slot : nil, tag: 1) }
            queue.write(shared[cut..<size], to: file, at: position + cut, fixedBuffer: fixed ? slot : nil, tag: 1)
            let results = try collect(queue, cut > 0 ? 2 : 1)
            #expect(results.reduce(0) { $0 + Int($1.result) } == size)
            position += size
        }
        var bundle = try filledBundle(queue, group, &stream, bytes: 50)
        queue.write(bundle.next()!, to: file, at: position, fixedBuffer: fixed ? slot : nil, tag: 2)
        #expect(try collect(queue, 1) == [Completion(tag: 2, result: 50, flags: [])])
        var check = ByteStream(seed: 12)
        let isSame = check.matches(content(of: file, 100_000))
        #expect(isSame && check.position == UInt64(position + 50))
        // A buffer of another group, through this slot.
        bundle = try filledBundle(queue, other, &stream, bytes: 50)
        queue.write(bundle.next()!, to: file, at: 0, fixedBuffer: slot, tag: 3)
        #expect(try collect(queue, 1)[0].fixedRefusal == .otherMemory)
        // An error of the file.
        bundle = try filledBundle(queue, group, &stream, bytes: 50)
        queue.write(bundle.next()!, to: 1_000_000, at: 0, fixedBuffer: slot, tag: 4)
        #expect(try collect(queue, 1) == [Completion(tag: 4, result: -EBADF, flags: [])])
        #expect(group.lent == 0 && other.lent == 0 && group.books().balanced && group.books().zeroCopySends == 0)
    }

    @Test func plainBytes() throws {
        let file = try scratch()
        defer { _ = close(file) }
        let queue = try UringQueue()
        let out = Array("plain bytes".utf8)
        var room = [UInt8](repeating: 0, count: 64)
        try unsafe out.withUnsafeBytes { raw in
            unsafe queue.write(raw, to: file, at: 3, tag: 1)
            let written = try collect(queue, 1)[0]
            #expect(written.result == 11)
        }
        try unsafe room.withUnsafeMutableBytes { raw in
            unsafe queue.read(from: file, at: 3, into: raw, tag: 2)
            let read = try collect(queue, 1)[0]
            #expect(read.result == 11)
        }
        #expect(Array(room[..<11]) == out)
        unsafe queue.read(from: file, at: 0, into: UnsafeMutableRawBufferPointer(start: nil, count: 0), tag: 3)
        #expect(try collect(queue, 1)[0] == Completion(tag: 3, result: 0, flags: []))
    }
}
