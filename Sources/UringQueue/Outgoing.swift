// Buffers on their way out: owned by the queue from the request to its end.

internal import CUring
import Glibc
internal import UringBuffers

/// One send under way.
struct OutgoingSend: ~Copyable {
    var bundle: BufferBundle
    let socket: Int32
    let tag: UInt64
    var sent = 0
    /// The caller wants it to end: what is not sent yet is not sent.
    var isCancelled = false
}

extension QueueState {
    /// The most buffers in one gathered send.
    static let vectorsPerSend = 1024

    mutating func startOutgoing(_ send: consuming OutgoingSend) {
        pushOutgoing(outgoing.insert(send))
    }

    /// Queues the next part of a send: one buffer with `send`, several with `sendmsg`.
    private mutating func pushOutgoing(_ slot: Int) {
        let tag = InternalTag.outgoing(slot).rawValue
        let socket = outgoing[slot].socket
        let wanted = Swift.min(outgoing[slot].bundle.count, QueueState.vectorsPerSend)
        let vectors = unsafe arena.allocate(iovec.self, count: wanted)
        let gathered = unsafe outgoing[slot].bundle.gather(into: vectors)
        if gathered.buffers == 1 {
            // Safe: the table owns the buffer until the completion.
            return unsafe push(.send(to: socket, vectors[0].iov_base, length: gathered.bytes, tag: tag))
        }
        let message = unsafe arena.allocate(msghdr.self)
        unsafe message.initialize(
            repeating: msghdr(
                msg_name: nil, msg_namelen: 0, msg_iov: vectors.baseAddress, msg_iovlen: gathered.buffers,
                msg_control: nil, msg_controllen: 0, msg_flags: 0))
        // Safe: the arena keeps header and vectors until the kernel has copied them.
        unsafe push(.sendMessage(to: socket, message.baseAddress!, tag: tag))
    }

    /// Marks the sends that match as cancelled, and returns whether there were any. O(sends under way).
    mutating func cancelOutgoing(where matches: (borrowing OutgoingSend) -> Bool) -> Bool {
        guard outgoing.count > 0 else { return false }
        let found = outgoing.usedSlots.filter { matches(outgoing[$0]) }
        for slot in found where !outgoing[slot].isCancelled {
            outgoing[slot].isCancelled = true
            cancelledSends += 1
        }
        return !found.isEmpty
    }

    /// Asks the kernel to end the cancelled sends. A cancellation misses a request that runs at that moment (`ENOENT`,
    /// `EALREADY`), so it is asked for before every wait until the send has ended.
    mutating func pushSendCancellations() {
        guard cancelledSends > 0 else { return }
        for slot in outgoing.usedSlots where outgoing[slot].isCancelled {
            push(.cancel(tag: InternalTag.outgoing(slot).rawValue, tag: InternalTag.silent.rawValue))
        }
    }

    /// Gives sent buffers back; goes on with the rest, or tells the caller that the send ended.
    mutating func advanceOutgoing(_ slot: Int, result: Int32) -> Completion? {
        if result > 0 {
            outgoing[slot].bundle.drop(bytes: Int(result))
            outgoing[slot].sent += Int(result)
            if !outgoing[slot].bundle.isEmpty, !outgoing[slot].isCancelled {
                pushOutgoing(slot)
                return nil
            }
        }
        let send = outgoing.remove(slot)
        if send.isCancelled { cancelledSends -= 1 }
        return Completion(tag: send.tag, result: result < 0 ? result : Int32(clamping: send.sent), flags: [])
    }
}
