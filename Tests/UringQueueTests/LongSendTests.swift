// Sends of more buffers than one request takes: cancelled in the middle, and to sockets that keep boundaries.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct LongSendTests {
    /// Fills the socket's send buffer without blocking, and returns how many bytes that took.
    private static func fill(_ socket: Int32) -> Int {
        var total = 0
        let bytes = [UInt8](repeating: 0, count: 1)
        while true {
            let count = unsafe send(socket, bytes, bytes.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return total }
            total += count
        }
    }

    /// "A send of buffers ends with what it sent so far" when it is cancelled: also when the part that is cancelled sent
    /// nothing.
    @Test(arguments: [false, true])
    func aCancelledSendTellsWhatEarlierPartsSent(zeroCopy: Bool) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 4096, bufferSize: 16, refill: .everything)
        var stream = ByteStream(seed: 77)
        let bundle = try filledBundle(queue, group, &stream, bytes: 2048 * 16)
        let out = SocketPair(zeroCopy ? .tcp : .unix)
        out.enlarge(to: 1 << 16)
        if zeroCopy {
            queue.sendZeroCopy(bundle, to: out.writer, tag: 3)
        } else {
            queue.send(bundle, to: out.writer, tag: 3)
        }
        // The first part went out; the second is queued and not submitted.
        while queue.unsubmitted > 0 {
            try queue.wait()
            queue.forEachCompletion { _ in }
            if queue.unsubmitted > 0 { break }
        }
        #expect(queue.unsubmitted == 1)
        #expect(LongSendTests.fill(out.writer) > 0)
        try queue.submit()
        queue.cancel(tag: 3, tag: 9)
        var result: Completion?
        while result == nil {
            for completion in try collect(queue, 1) where completion.tag == 3 && result == nil { result = completion }
        }
        #expect(result!.result == 1024 * 16)
    }

    /// More buffers than one `sendmsg` takes cannot be one datagram: that is an error, not two datagrams.
    @Test func aBundleIsOneDatagramOrAnError() throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 4096, bufferSize: 16, refill: .everything)
        var stream = ByteStream(seed: 77)
        let bundle = try filledBundle(queue, group, &stream, bytes: 1025 * 16)
        var pair: [Int32] = [-1, -1]
        let made = unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &pair)
        #expect(made == 0)
        defer { for socket in pair { _ = close(socket) } }
        queue.send(bundle, to: pair[0], tag: 3)
        let result = try collect(queue, 1)[0].result
        var room = [UInt8](repeating: 0, count: 65536)
        var sizes: [Int] = []
        while case let count = unsafe recv(pair[1], &room, room.count, Int32(MSG_DONTWAIT)), count >= 0 {
            sizes.append(count)
        }
        #expect(result < 0 ? sizes == [] : sizes == [1025 * 16])
    }
}
