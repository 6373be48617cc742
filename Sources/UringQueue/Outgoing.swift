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
}

/// The sends under way, by slot. Slots move when the table grows, so nobody keeps a pointer to one.
@safe
struct OutgoingTable: ~Copyable {
    /// Initialised exactly where `isUsed`.
    private var slots: UnsafeMutablePointer<OutgoingSend>
    private var isUsed: [Bool]
    private var free: [Int]

    init() {
        unsafe slots = .allocate(capacity: 16)
        isUsed = Array(repeating: false, count: 16)
        free = Array((0..<16).reversed())
    }

    deinit {
        for slot in isUsed.indices where isUsed[slot] { unsafe (slots + slot).deinitialize(count: 1) }
        unsafe slots.deallocate()
    }

    mutating func insert(_ send: consuming OutgoingSend) -> Int {
        if free.isEmpty { grow() }
        let slot = free.removeLast()
        isUsed[slot] = true
        unsafe (slots + slot).initialize(to: send)
        return slot
    }

    /// Takes a send out of the table: its buffers go back when the result is dropped.
    mutating func remove(_ slot: Int) -> OutgoingSend {
        precondition(isUsed[slot], "a send completed that was not under way")
        isUsed[slot] = false
        free.append(slot)
        return unsafe (slots + slot).move()
    }

    subscript(slot: Int) -> OutgoingSend {
        _read {
            precondition(isUsed[slot], "a send completed that was not under way")
            yield unsafe slots[slot]
        }
        _modify {
            precondition(isUsed[slot], "a send completed that was not under way")
            yield unsafe &slots[slot]
        }
    }

    private mutating func grow() {
        let count = isUsed.count
        let larger = UnsafeMutablePointer<OutgoingSend>.allocate(capacity: count * 2)
        // Safe: only called when every slot is in use, hence initialised.
        unsafe larger.moveInitialize(from: slots, count: count)
        unsafe slots.deallocate()
        unsafe slots = unsafe larger
        isUsed += Array(repeating: false, count: count)
        free = Array((count..<(count * 2)).reversed())
    }
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

    /// Gives sent buffers back; goes on with the rest, or tells the caller that the send ended.
    mutating func advanceOutgoing(_ slot: Int, result: Int32) -> Completion? {
        if result > 0 {
            outgoing[slot].bundle.drop(bytes: Int(result))
            outgoing[slot].sent += Int(result)
            if !outgoing[slot].bundle.isEmpty {
                pushOutgoing(slot)
                return nil
            }
        }
        let send = outgoing.remove(slot)
        return Completion(tag: send.tag, result: result < 0 ? result : Int32(clamping: send.sent), flags: [])
    }
}
