// The queue and the pool that all flows of a relay share.

import UringBuffers
import UringQueue

struct RelayIO: ~Copyable {
    let queue: UringQueue
    let group: BufferGroup
    let share: FairShare
    let receiveOptions: ReceiveOptions
    let usesMultishot: Bool

    init(_ configuration: RelayConfiguration) throws(UringError) {
        let queue = try RelayIO.makeQueue(buffers: configuration.buffers)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 0, capacity: configuration.buffers, bufferSize: configuration.bufferSize,
            refill: configuration.refill, ringMemory: configuration.ringMemory)
        self.queue = queue
        self.group = group
        share = FairShare(capacity: configuration.buffers, bufferSize: configuration.bufferSize)
        receiveOptions = configuration.bundles && share.allowsMany ? .bundle : []
        usesMultishot = share.allowsMany && UringQueue.supportsReceiveBudget()
    }

    static let smallestQueue = 16

    /// A large queue, or what the locked-memory limit allows beside the buffer ring: nothing is lost in a small one, it
    /// only costs more system calls.
    private static func makeQueue(buffers: Int) throws(UringError) -> UringQueue {
        var entries = 1024
        while let limit = LockedMemory.limit, entries > smallestQueue,
            LockedMemory.total(entries: entries, buffers: buffers) > limit
        {
            entries /= 4
        }
        while true {
            do { return try UringQueue(entries: entries, completionEntries: entries * 8) } catch {
                guard error.symbol == "ENOMEM", entries > smallestQueue else { throw error }
                entries /= 4
            }
        }
    }

    /// Buffers that nobody uses now.
    var free: Int { group.available + group.spares }

    /// Arms a receive of at most `allowance` buffers. `isBulk` tells whether the receive before filled a buffer.
    ///
    /// Small messages come cheapest to a multishot receive, which needs no request for each, and without bundles, whose
    /// look at the ring costs more than it brings. Bulk comes cheapest to single receives of bundles: data that arrives
    /// while the last bundle is being sent gathers, so that bundles grow (a third less processor time for each byte than
    /// multishot, which wakes for every segment).
    func receive(from socket: Int32, allowance: Int, isBulk: Bool, tag: RelayTag) {
        let bytes = allowance * group.bufferSize
        if usesMultishot, !isBulk {
            queue.receiveMultishot(from: socket, into: group, budget: bytes, tag: tag.rawValue)
        } else {
            queue.receive(
                from: socket, into: group, limit: receiveOptions.contains(.bundle) ? bytes : 0,
                options: receiveOptions, tag: tag.rawValue)
        }
    }
}
