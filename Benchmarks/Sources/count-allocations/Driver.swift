// The played ring of the allocation check: completions of any size, from entries read through a second mapping.

import CMicroFloor
import UringBuffers
import UringQueue

struct Driver: ~Copyable {
    let group: BufferGroup
    let queue: UringQueue
    let entries: UnsafeRawPointer
    let mask: UInt32
    var head: UInt16 = 0
    var sum: UInt64 = 0

    static let bufferSize = 4096

    init(capacity: Int) throws {
        let queue = try UringQueue(entries: 8)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 0, capacity: capacity, bufferSize: Driver.bufferSize, ringMemory: .kernel)
        guard let mapped = micro_map_ring(queue.descriptor, 0, UInt32(capacity)) else {
            fatalError("cannot map the ring's memory a second time (Linux 6.4 is needed)")
        }
        self.queue = queue
        self.group = group
        entries = mapped
        mask = UInt32(capacity - 1)
    }

    deinit { micro_unmap_ring(entries, mask + 1) }

    /// A completion for the next `buffers` published entries.
    mutating func take(buffers: Int) -> TakeOutcome {
        while Int(micro_tail(entries) &- head) < buffers {
            guard group.refill().published > 0 else { fatalError("the group has no buffer left") }
        }
        let bid = micro_bid(entries, UInt32(head) & mask)
        head &+= UInt16(buffers)
        // The last buffer of a bundle is filled partly.
        let bytes = (buffers - 1) * Driver.bufferSize + 100
        return group.take(result: Int32(bytes), flags: CompletionFlags(rawValue: UInt32(bid) << 16 | 1))
    }

    mutating func read(_ buffer: borrowing ProvidedBuffer) {
        sum &+= UInt64(buffer.withUnsafeBytes { $0.load(as: UInt8.self) })
    }

    /// Goes on until the played head meets the real one, then lets the books speak.
    mutating func finish() throws {
        while head != 0 { _ = take(buffers: 1) }
        group.refill()
        let books = group.books()
        guard books.balanced, books.states.lent == 0, group.lent == 0 else {
            fatalError("lent \(group.lent), violations \(books.violations)")
        }
        try group.close()
    }
}
