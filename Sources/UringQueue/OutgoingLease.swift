// Leases on their way out: zero-copy sends, and sends of shared buffers.

internal import CUring
import Glibc
internal import UringBuffers

/// One leased send under way.
struct LeasedSend: ~Copyable {
    var lease: SendLease
    let socket: Int32
    let tag: UInt64
    /// Until the kernel may pin no more memory.
    var isZeroCopy: Bool
    let fixedBuffer: FixedSlot?
    /// Where the first byte goes in a file; `nil` for a socket.
    var fileOffset: Int?
    var isCancelled = false
    /// The caller knows the result; only notifications are due.
    var isOver = false
    /// The kernel copied some of it after all.
    var wasCopied = false
}

extension QueueState {
    mutating func startLeased(_ send: consuming LeasedSend) {
        if refusesMessage(of: send.lease.bufferCount, to: send.socket, tag: send.tag) { return }
        if let refusal = send.fixedBuffer.flatMap({ send.lease.refusal(of: $0) }) {
            // The buffers go back here.
            backlog.append(
                curing_completion(
                    user_data: send.tag, result: -UringErrno.fault, flags: Completion.flags(of: refusal)))
            return
        }
        pushLeased(leases.insert(send))
    }

    private mutating func pushLeased(_ slot: Int) {
        let wanted = Swift.min(leases[slot].lease.bufferCount, QueueState.vectorsPerSend)
        let vectors = unsafe arena.allocate(iovec.self, count: wanted)
        let gathered = unsafe leases[slot].lease.gather(into: vectors)
        leases[slot].lease.began(isZeroCopy: leases[slot].isZeroCopy)
        let fixedBuffer = leases[slot].fixedBuffer.map { UInt16($0.index) }
        if let offset = leases[slot].fileOffset {
            // Safe, here and below: the lease holds the buffers until the kernel reads them no more.
            return unsafe push(
                .file(
                    .write, leases[slot].socket, at: offset + leases[slot].lease.sent,
                    address: UInt64(UInt(bitPattern: vectors[0].iov_base)), length: gathered.bytes,
                    fixedBuffer: fixedBuffer.map(Int.init), tag: InternalTag.leased(slot).rawValue))
        }
        unsafe pushGathered(
            UnsafeMutableBufferPointer(rebasing: vectors[..<gathered.buffers]), to: leases[slot].socket,
            tag: InternalTag.leased(slot), isZeroCopy: leases[slot].isZeroCopy,
            fixedBuffer: fixedBuffer)
    }

    /// Follows a leased send: the caller hears of its result, and of its last notification.
    mutating func advanceLeased(_ slot: Int, result: Int32, flags: CompletionFlags) -> Completion? {
        switch leases[slot].lease.complete(result: result, flags: flags) {
        case .released(let copied):
            if copied { leases[slot].wasCopied = true }
            guard leases[slot].isOver, leases[slot].lease.isReleased else { return nil }
            let send = leases.remove(slot)
            return Completion(tag: send.tag, result: send.wasCopied ? Completion.copiedResult : 0, flags: .notification)
        case .sent(let bytes):
            if bytes > 0, leases[slot].lease.sent < leases[slot].lease.byteCount, !leases[slot].isCancelled {
                pushLeased(slot)
                return nil
            }
            return endLeased(slot, result: Int32(clamping: leases[slot].lease.sent))
        case .failed(let error):
            // What the network reads is charged to the user's locked-memory limit. Beyond it the rest is copied.
            if error.errno == ENOMEM, leases[slot].isZeroCopy, !leases[slot].isCancelled {
                leases[slot].isZeroCopy = false
                pushLeased(slot)
                return nil
            }
            // What earlier parts sent is sent, although a later one was cancelled.
            let sent = Int32(clamping: leases[slot].lease.sent)
            return endLeased(slot, result: error.errno == UringErrno.cancelled && sent > 0 ? sent : -error.errno)
        }
    }

    private mutating func endLeased(_ slot: Int, result: Int32) -> Completion {
        let tag = leases[slot].tag
        if leases[slot].isCancelled { cancelledSends -= 1 }
        leases[slot].isOver = true
        guard leases[slot].lease.isReleased else { return Completion(tag: tag, result: result, flags: .more) }
        _ = leases.remove(slot)
        return Completion(tag: tag, result: result, flags: [])
    }

    /// At the queue's end, when nothing is under way any more: waits a little for notifications, so that their buffers
    /// come home. What is not notified stays out for ever.
    mutating func awaitNotifications() {
        for _ in 0..<100 where leases.count > 0 {
            _ = unsafe curing_queue_submit_and_wait(ring, 1, 10_000_000, 0)
            let batch = unsafe nextBatch()
            for position in 0..<batch.count { _ = unsafe interpret(batch[position]) }
        }
    }
}
