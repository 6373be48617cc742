// The lease of a zero-copy send, told completions by hand: every order, every flag.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct SendLeaseTests {
    private static let notified = CompletionFlags.notification
    private static let copied = Int32.min

    /// A lease of two buffers with 20 bytes and its group.
    private struct Setting: ~Copyable {
        let ring: BareRing
        let group: BufferGroup

        init() throws {
            let made = try BareRing()
            group = try BufferGroup(ring: made.descriptor, id: 1, capacity: 4, bufferSize: 16)
            ring = made
        }

        func bundle() throws -> BufferBundle {
            let pair = SocketPair()
            pair.write(Array(0..<16))
            pair.write([16, 17, 18, 19])
            var all: BufferBundle?
            var open = 20
            while open > 0 {
                ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
                let completion = try ring.completions(atLeast: 1)[0]
                guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer") }
                open -= buffer.count
                if var known = all.take() {
                    known.append(buffer)
                    all = consume known
                } else {
                    all = BufferBundle(buffer)
                }
            }
            return all.take()!
        }

        var sending: Int { group.books().states.sending }
    }

    private static func gathered(_ lease: borrowing SendLease) -> [UInt8] {
        var vectors = unsafe [iovec](repeating: iovec(), count: 4)
        return unsafe vectors.withUnsafeMutableBufferPointer { room in
            let found = unsafe lease.gather(into: room)
            let bytes: [UInt8] = unsafe room[..<found.buffers].flatMap { vector in
                unsafe Array(UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len))
            }
            #expect(bytes.count == found.bytes)
            return bytes
        }
    }

    @Test func resultThenNotification() throws {
        let one = try Setting()
        var lease = SendLease(try one.bundle())
        #expect(lease.byteCount == 20 && lease.bufferCount == 2 && one.sending == 2)
        #expect(Self.gathered(lease) == Array(0..<20))
        lease.began()
        expect(!lease.isReleased && lease.isAwaitingResult)
        #expect(lease.complete(result: 20, flags: .more) == .sent(20))
        expect(!lease.isReleased && !lease.isAwaitingResult && lease.sent == 20)
        #expect(lease.complete(result: Self.copied, flags: Self.notified) == .released(copied: true))
        expect(lease.isReleased)
        Self.end(lease)
        #expect(one.group.lent == 0 && one.sending == 0)
        let books = one.group.books()
        #expect(books.balanced && books.zeroCopySends == 1 && books.copiedSends == 1)
    }

    /// `#expect` cannot look into noncopyable values.
    private func expect(_ holds: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(holds, sourceLocation: location)
    }

    private static func end(_ lease: consuming SendLease) {}

    @Test func notificationBeforeTheResult() throws {
        let one = try Setting()
        var lease = SendLease(try one.bundle())
        lease.began()
        #expect(lease.complete(result: 0, flags: Self.notified) == .released(copied: false))
        expect(!lease.isReleased)
        #expect(lease.complete(result: 20, flags: .more) == .sent(20))
        expect(lease.isReleased)
        Self.end(lease)
        #expect(one.group.lent == 0)
    }

    @Test func failureWithoutNotification() throws {
        let one = try Setting()
        var lease = SendLease(try one.bundle())
        lease.began()
        #expect(lease.complete(result: -EPIPE, flags: []) == .failed(UringError(.send, errno: EPIPE)))
        expect(lease.isReleased)
        Self.end(lease)
        #expect(one.group.lent == 0)
    }

    @Test func failureWithNotification() throws {
        let one = try Setting()
        var lease = SendLease(try one.bundle())
        lease.began()
        #expect(lease.complete(result: -ECANCELED, flags: .more) == .failed(UringError(.send, errno: ECANCELED)))
        expect(!lease.isReleased)
        #expect(lease.complete(result: 0, flags: Self.notified) == .released(copied: false))
        expect(lease.isReleased)
        Self.end(lease)
        #expect(one.group.lent == 0)
    }

    @Test func shortSendsGoOnWhereTheyStopped() throws {
        let one = try Setting()
        var lease = SendLease(try one.bundle())
        lease.began()
        #expect(lease.complete(result: 5, flags: .more) == .sent(5))
        #expect(Self.gathered(lease) == Array(5..<20))
        lease.began()
        #expect(lease.complete(result: 0, flags: Self.notified) == .released(copied: false))
        #expect(lease.complete(result: 13, flags: .more) == .sent(13))
        #expect(Self.gathered(lease) == [18, 19] && !lease.isReleased)
        lease.began()
        #expect(lease.complete(result: 2, flags: .more) == .sent(2))
        #expect(lease.complete(result: 0, flags: Self.notified) == .released(copied: false))
        expect(!lease.isReleased)
        #expect(lease.complete(result: 0, flags: Self.notified) == .released(copied: false))
        expect(lease.isReleased && Self.gathered(lease) == [])
        Self.end(lease)
        #expect(one.group.lent == 0 && one.group.books().zeroCopySends == 3)
    }

    @Test func neverSent() throws {
        let one = try Setting()
        Self.end(SendLease(try one.bundle()))
        #expect(one.group.lent == 0 && one.sending == 0)
    }

    @Test func aSliceOfASharedBufferLeavesTheRestReadable() throws {
        let one = try Setting()
        var bundle = try one.bundle()
        let shared = bundle.next()!.share()
        bundle.recycle()
        var lease = SendLease(shared[4..<8])
        lease.began()
        #expect(Self.gathered(lease) == [4, 5, 6, 7])
        #expect(lease.complete(result: 4, flags: .more) == .sent(4))
        let read = unsafe shared.withUnsafeBytes { unsafe Array($0) }
        #expect(read == Array(0..<16))
        #expect(lease.complete(result: 0, flags: Self.notified) == .released(copied: false))
        Self.end(lease)
        #expect(one.group.lent == 1, "the reader still has it")
        #expect(shared.count == 16)
    }

    /// In a process of its own: what is kept for ever stays in its books.
    @Test func aLeaseThatEndsTooEarlyKeepsItsBuffers() async {
        await #expect(processExitsWith: .success) {
            let one = try Setting()
            var lease = SendLease(try one.bundle())
            lease.began()
            Self.end(lease)
            #expect(one.group.lent == 2 && one.sending == 2 && one.group.books().balanced)
            let missing = try one.group.close()
            #expect(missing.buffers.map(\.state) == [.sending, .sending])
        }
    }

    @Test func aResultThatWasNotAskedForTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var lease = SendLease(try Setting().bundle())
            _ = lease.complete(result: 1, flags: [])
            Self.end(lease)
        }
        #expect(message(result).contains("a result of a send that it knows nothing of"))
    }

    @Test func aSecondSendBeforeTheResultTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var lease = SendLease(try Setting().bundle())
            lease.began()
            lease.began()
            Self.end(lease)
        }
        #expect(message(result).contains("is not known yet"))
    }
}
