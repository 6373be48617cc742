// A group on a real ring whose kernel is played by the benchmark: no traffic, but the real entries and the real tail.

import CMicroFloor
import UringBuffers
import UringQueue

/// The benchmark reads what the group publishes through a mapping of its own of the kernel-allocated ring memory, in
/// publish order like the kernel does, and makes up the completions.
struct PlayedRing: ~Copyable {
    // Declared in this order so that the group goes before its queue.
    let group: BufferGroup
    let queue: UringQueue
    let entries: UnsafeRawPointer
    let mask: UInt32
    var head: UInt16 = 0
    /// Buffers handed out so far.
    var selected = 0

    init(capacity: Int, bufferSize: Int, policy: RefillPolicy, level: AccountingLevel = .counters) throws {
        let queue = try UringQueue(entries: 8)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 0, capacity: capacity, bufferSize: bufferSize, refill: policy,
            ringMemory: .kernel, level: level)
        guard let mapped = micro_map_ring(queue.descriptor, 0, UInt32(capacity)) else {
            throw Failure("cannot map the ring's memory a second time (Linux 6.4 is needed)")
        }
        self.queue = queue
        self.group = group
        entries = mapped
        mask = UInt32(capacity - 1)
    }

    deinit { micro_unmap_ring(entries, mask + 1) }

    /// Fills every buffer with its pattern: takes all of them, then lets them go, the highest bid first.
    mutating func fillAll(bufferSize: Int) {
        let capacity = Int(mask) + 1
        let held = UnsafeMutablePointer<ProvidedBuffer?>.allocate(capacity: capacity)
        for bid in 0..<capacity { (held + bid).initialize(to: nil) }
        for _ in 0..<capacity {
            if micro_tail(entries) == head { group.refill() }
            let bid = next()
            switch group.take(result: Int32(bufferSize), flags: completion(bid)) {
            case .buffer(var buffer):
                var bytes = buffer.mutableBytes
                bytes.withUnsafeMutableBytes { micro_fill($0.baseAddress, bid) }
                held[Int(bid)] = consume buffer
            default: fatalError("bid \(bid) did not become a buffer")
            }
        }
        for bid in (0..<capacity).reversed() { held[bid] = nil }
        held.deinitialize(count: capacity)
        held.deallocate()
        group.refill()
    }

    /// The bid that the kernel would select now.
    @inline(__always)
    mutating func next() -> UInt16 {
        let bid = micro_bid(entries, UInt32(head) & mask)
        head &+= 1
        selected &+= 1
        return bid
    }

    /// The same for a loop that keeps the head in a register, as the floor does.
    @inline(__always)
    func bid(at head: inout UInt16) -> UInt16 {
        defer { head &+= 1 }
        return micro_bid(entries, UInt32(head) & mask)
    }

    mutating func advance(to head: UInt16, _ count: Int) {
        self.head = head
        selected += count
    }

    @inline(__always)
    func completion(_ bid: UInt16) -> CompletionFlags { CompletionFlags(rawValue: UInt32(bid) << 16 | 1) }

    /// Goes on until the played head is back where the real kernel's is, at 0, so that the books can compare them;
    /// then reports what is wrong.
    mutating func finish() throws {
        while head != 0 {
            if micro_tail(entries) == head { group.refill() }
            _ = group.take(result: Int32(MICRO_MESSAGE), flags: completion(next()))
        }
        group.refill()
        let books = group.books()
        guard books.balanced else { throw Failure("the books do not balance: \(books.violations)") }
        guard books.states.lent == 0, group.lent == 0 else { throw Failure("\(group.lent) buffers are missing") }
        guard books.selected == selected, books.recycled == selected else {
            throw Failure("played \(selected) completions, the books say \(books.selected) and \(books.recycled)")
        }
        try group.close()
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
