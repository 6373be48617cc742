// A buffer ring that a queue reads in the kernel's place, where the kernel has none or it is not to be used.

internal import CUring
import Glibc
internal import UringBuffers

/// The other side of a group whose ring the kernel never sees: the queue takes its entries and provides them to the
/// kernel by requests, or receives into them itself.
///
///          taken by the queue         to be taken
///     ───────────────────────────│ ░░░░░░░░░░░░░░░░░ │ tail
///      delivered │ with the kernel      published
///
/// Used on the queue's thread only; the ring's memory lives until it is unregistered.
@safe
final class QueueRing: BufferRingConsumer {
    enum Way { case provides, chooses }

    struct Entry {
        let address: UInt64
        let length: UInt32
        let bid: UInt16
    }

    let way: Way
    /// Tells this ring from others, of earlier groups of the same id as well.
    let serial: UInt16
    /// `nil` when the queue is gone.
    var queue: UnsafeMutablePointer<QueueState>?
    private let thread = curing_thread_token()
    private(set) var id = BufferGroupID(0)
    private var base: UnsafeMutableRawPointer?
    private var mask: UInt16 = 0
    /// Of the next entry to take; free running, like the next two.
    private var taken: UInt16 = 0
    /// Completions with a buffer that were handed out.
    private var delivered: UInt16 = 0
    /// Receives under way for which the kernel picks: each may have a buffer, or have written to one.
    private var armed = 0
    /// Stretches of buffers that the kernel did not accept.
    private var refused: [ProvidedRun] = []
    /// Of the buffer 0, and of each: all are equal and lie side by side.
    private var slab: UInt64 = 0
    private var bufferSize: UInt32 = 0

    init(_ way: Way, on queue: UnsafeMutablePointer<QueueState>) {
        self.way = way
        unsafe self.queue = unsafe queue
        unsafe queue.pointee.ringsMade &+= 1
        serial = unsafe queue.pointee.ringsMade
    }

    // MARK: What the group asks for

    func register(
        _ base: UnsafeMutableRawPointer, entries: Int, id: BufferGroupID, consumption: Consumption
    ) throws(UringError) {
        // Safe, here and below: the queue says when it goes.
        guard let queue = unsafe queue, unsafe !queue.pointee.rings.contains(where: { $0.id == id }) else {
            throw UringError(.provideBuffers, errno: EEXIST)
        }
        unsafe self.base = unsafe base
        mask = UInt16(entries - 1)
        self.id = id
        unsafe queue.pointee.rings.append(self)
    }

    func unregister(_ id: BufferGroupID) throws(UringError) {
        try checkThread(.unregisterBufferRing)
        if let queue = unsafe queue {
            unsafe queue.pointee.rings.removeAll { $0 === self }
            if way == .provides { unsafe queue.pointee.withdraw(self, count: Int(taken &- delivered)) }
        }
        unsafe base = nil
    }

    /// Where the kernel's head would be: behind everything that was handed out, and what receives may hold.
    func head(of id: BufferGroupID) throws(UringError) -> UInt16 {
        try checkThread(.readBufferRingHead)
        return delivered &+ UInt16(min(armed, Int(taken &- delivered)))
    }

    /// As of the kernel's own rings with a single issuer.
    private func checkThread(_ operation: UringError.Operation) throws(UringError) {
        if curing_thread_token() != thread { throw UringError(operation, errno: EEXIST) }
    }

    // MARK: What the queue does

    /// The next published buffer; `nil` when there is none.
    func peekEntry() -> Entry? {
        // Safe: the group keeps the memory while it is registered; the slot is masked.
        guard let base = unsafe base, unsafe curing_ring_tail(base) != taken else { return nil }
        let raw = unsafe curing_ring_read(base, UInt32(taken & mask))
        // Withdrawn.
        guard raw.address != 0 else { return nil }
        return Entry(address: raw.address, length: raw.length, bid: raw.bid)
    }

    func skipEntry() { taken &+= 1 }

    /// The published buffers, neighbours together: what one request can provide.
    func takeRuns() -> [ProvidedRun] {
        var runs = refused
        refused = []
        while let entry = peekEntry() {
            skipEntry()
            slab = entry.address - UInt64(entry.bid) * UInt64(entry.length)
            bufferSize = entry.length
            if let last = runs.indices.last, runs[last].end == Int(entry.bid) {
                runs[last].count += 1
            } else {
                runs.append(ProvidedRun(first: entry.bid, count: 1))
            }
        }
        return runs
    }

    /// The request that provides them.
    func request(for run: ProvidedRun) -> curing_submission {
        .provideBuffers(
            run.count, at: slab + UInt64(run.first) * UInt64(bufferSize), length: bufferSize, firstBid: run.first,
            group: id.rawValue, tag: InternalTag.provided(serial: serial, run).rawValue)
    }

    func refuse(_ run: ProvidedRun) { refused.append(run) }

    func began() { armed += 1 }
    func ended() { armed -= 1 }

    /// A completion that names a buffer is handed out.
    func handOut() { delivered &+= 1 }
}

/// Buffers with consecutive labels.
struct ProvidedRun: Equatable {
    let first: UInt16
    /// 1...32768.
    var count: Int

    var end: Int { Int(first) + count }
}
