// A registered buffer ring as the kernel sees it: shared entries, and a head of its own.

internal import CUring
internal import UringBuffers

/// The consumer of one ring's memory. Selects in publish order, commits, and in incremental mode shrinks the entry in
/// place, as the kernel does.
@safe
struct SimulatedRing {
    struct Entry {
        let address: UInt64
        let length: Int
        let bid: UInt16
    }

    let base: UnsafeMutableRawPointer
    let entries: Int
    let consumption: Consumption
    /// Free running; in incremental mode it moves only when a buffer is done.
    private(set) var head: UInt16 = 0

    /// `base` must hold `entries` entries until the ring is unregistered.
    init(base: UnsafeMutableRawPointer, entries: Int, consumption: Consumption) {
        unsafe self.base = unsafe base
        self.entries = entries
        self.consumption = consumption
    }

    // Safe, here and below: whoever registered the memory keeps it until it is unregistered.
    var tail: UInt16 { unsafe curing_ring_tail(base) }
    /// Entries that can be selected. The kernel believes whatever the tail says.
    var available: Int { Int(tail &- head) }

    private func slot(_ index: UInt16) -> UInt32 { UInt32(index) & UInt32(entries - 1) }

    /// The entry that is `steps` after the head.
    func entry(_ steps: Int) -> Entry {
        let raw = unsafe curing_ring_read(base, slot(head &+ UInt16(truncatingIfNeeded: steps)))
        return Entry(address: raw.address, length: Int(raw.length), bid: raw.bid)
    }

    /// Uses up what a transfer of `bytes` bytes into `buffers` buffers filled. Returns whether the last buffer is done;
    /// `false` means that the kernel keeps it (`IORING_CQE_F_BUF_MORE`).
    mutating func commit(bytes: Int, buffers: Int) -> Bool {
        guard consumption.isIncremental else {
            head &+= UInt16(truncatingIfNeeded: buffers)
            return true
        }
        var left = bytes
        while left > 0 {
            let entry = entry(0)
            let taken = min(left, entry.length)
            let rest = entry.length - taken
            if taken == 0 || (rest > 0 && rest >= consumption.minimumLeft) {
                write(address: entry.address + UInt64(taken), length: rest, over: entry)
                return false
            }
            write(address: entry.address, length: 0, over: entry)
            head &+= 1
            left -= taken
        }
        // Nothing arrived, so nothing is done.
        return bytes > 0
    }

    private func write(address: UInt64, length: Int, over entry: Entry) {
        unsafe curing_ring_write(base, slot(head), address, UInt32(length), entry.bid)
    }

    /// Uses up one whole entry, whatever it holds: a worker thread took it before there were bytes.
    mutating func discardEntry() { head &+= 1 }
}
