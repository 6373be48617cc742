// The queue goes away with sends under way: what was cancelled must not go on.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringBuffersTesting
import UringQueue

@Suite struct QueueEndTests {
    private static let size = 1_000_000

    /// How much can be read until nothing comes for a while. Too short a while can only hide a defect.
    private static func drained(_ pair: SocketPair) -> Int {
        var total = 0
        var room = [UInt8](repeating: 0, count: 65536)
        var poll = pollfd(fd: pair.reader, events: Int16(POLLIN), revents: 0)
        while unsafe Glibc.poll(&poll, 1, 300) == 1 {
            let count = unsafe recv(pair.reader, &room, room.count, 0)
            guard count > 0 else { break }
            total += count
        }
        return total
    }

    /// Two sends that their peers do not read, a leased one and a plain one, and a queue that ends here. The group's
    /// duplicate of the descriptor keeps the ring alive.
    private func groupAfterQueue(
        _ leased: SocketPair, _ plain: SocketPair, mode: QueueMode, submits: Bool
    ) throws -> BufferGroup {
        let queue = try UringQueue(mode: mode)
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 1024, bufferSize: 4096)
        var stream = ByteStream(seed: 8)
        let one = try filledBundle(queue, group, &stream, bytes: QueueEndTests.size)
        let two = try filledBundle(queue, group, &stream, bytes: QueueEndTests.size)
        queue.sendZeroCopy(one, to: leased.writer, tag: 1)
        try queue.submit()
        queue.send(two, to: plain.writer, tag: 2)
        if submits { try queue.submit() }
        return group
    }

    @Test(arguments: [QueueMode.deferred, .cooperative, .plain], [true, false])
    func nothingIsSentAfterTheQueueWent(mode: QueueMode, submits: Bool) throws {
        let leased = SocketPair(.tcp)
        leased.shrink()
        let plain = SocketPair(.unix)
        plain.shrink()
        let group = try groupAfterQueue(leased, plain, mode: mode, submits: submits)
        group.refill()
        // The plain send's buffers are home, and may be filled again: the kernel must not read them any more.
        let sending = group.books().states.sending
        #expect(group.lent == sending, "only the lease may keep buffers")
        #expect(QueueEndTests.drained(plain) < QueueEndTests.size, "a cancelled plain send went on, from free buffers")
        #expect(QueueEndTests.drained(leased) < QueueEndTests.size, "a cancelled leased send went on")
    }

    /// Leases that never reached the kernel come home: it cannot be reading them.
    @Test func whatTheKernelNeverSawComesHome() throws {
        let ring = try BareRing()
        let group = try BufferGroup(ring: ring.descriptor, id: 1, capacity: 8, bufferSize: 64)
        let pair = SocketPair(.tcp)
        pair.write([1, 2])
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        guard case .buffer(let buffer) = group.take(try ring.completions(atLeast: 1)[0]) else {
            fatalError("no buffer")
        }
        do {
            let queue = try UringQueue(entries: 1)
            let faults = SystemCallFaults()
            faults.fail(.enter, with: EAGAIN)
            queue.nop(tag: 1)
            queue.sendZeroCopy(buffer, to: pair.writer, tag: 2)
        }
        group.refill()
        #expect(group.lent == 0)
    }
}
