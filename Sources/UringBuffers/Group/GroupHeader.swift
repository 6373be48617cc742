// The heart of a group: what a handle points to.

public import CUring
import Glibc
public import RingArithmetic
public import Synchronization

/// Everything that one group owns. It lives in memory of its own, and handles point to it without reference counting:
/// the group's own count of buffers that are out keeps it alive until the last one is home.
///
/// Fields and functions belong to the owner's thread, except ``ownerToken``, ``returns`` and, for the one buffer that a
/// handle owns, its record and its link.
@safe
@usableFromInline
struct GroupHeader: ~Copyable {
    /// The token of the thread that owns the group; 0 while detached or after the group is gone.
    @usableFromInline let ownerToken: Atomic<UInt>
    @usableFromInline let slabBase: UnsafeMutableRawPointer
    @usableFromInline let bufferSize: UInt32
    @usableFromInline let records: UnsafeMutablePointer<BufferRecord>
    @usableFromInline var ring: RingCursor
    @usableFromInline var spares: SparePool
    @usableFromInline var counters = GroupCounters()
    @usableFromInline var window: RefillWindow
    var isClosed = false

    var registration: RingRegistration
    let slab: PageMemory
    let returns: ReturnStack
    /// One link for each bid: chains of lent buffers, and the return stack.
    @usableFromInline let links: UnsafeMutablePointer<UInt16>

    init(
        registration: consuming RingRegistration, capacity entries: RingCapacity, slab: consuming PageMemory,
        bufferSize: Int, policy: RefillPolicy
    ) {
        let capacity = entries.entries
        self.slab = slab
        unsafe slabBase = self.slab.baseAddress
        self.bufferSize = UInt32(bufferSize)
        unsafe records = .allocate(capacity: capacity)
        let blank = BufferRecord(length: 0, slot: 0, state: .spare, generation: 0)
        unsafe records.initialize(repeating: blank, count: capacity)
        unsafe links = .allocate(capacity: capacity)
        unsafe links.initialize(repeating: ReturnStack.none, count: capacity)
        unsafe returns = ReturnStack(links: links)
        spares = SparePool(capacity: capacity)
        window = RefillWindow(policy: policy, capacity: capacity)
        ownerToken = Atomic(UInt(curing_thread_token()))
        ring = unsafe RingCursor(base: registration.baseAddress, capacity: entries, id: registration.id)
        self.registration = registration
    }

    deinit {
        unsafe records.deallocate()
        unsafe links.deallocate()
    }
}

extension GroupHeader {
    @inlinable var capacity: Int { ring.capacity.entries }

    @inlinable
    func address(of bid: UInt16) -> UnsafeMutableRawPointer {
        // Safe: callers checked that the bid is below the capacity, and the slab holds capacity × bufferSize bytes.
        unsafe slabBase + Int(bid) &* Int(bufferSize)
    }

    @inlinable var isOwnedByThisThread: Bool { ownerToken.load(ordering: .relaxed) == UInt(curing_thread_token()) }

    /// Traps unless the caller is the owner.
    @inlinable
    func checkOwner() {
        if !isOwnedByThisThread { trapWrongThread() }
    }

    // MARK: Taking

    /// One published buffer becomes the application's.
    @inlinable
    mutating func select(_ bid: UInt16) {
        // Safe: the comparison with the capacity comes first.
        if Int(bid) > Int(ring.capacity.mask) { trapForeign(bid) }
        if unsafe records[Int(bid)].state != .available { trapState(bid, expected: .available) }
        unsafe records[Int(bid)].state = .lent
        ring.consume(1)
        counters.selected &+= 1
        let out = counters.out
        if out > counters.peakLent { counters.peakLent = out }
    }

    // MARK: Giving back

    /// One lent buffer becomes spare. Owner's thread.
    @inlinable
    mutating func recycle(_ bid: UInt16) {
        // Safe: only a handle of this group calls this, and its bid was checked when it was taken.
        if unsafe records[Int(bid)].state != .lent { trapState(bid, expected: .lent) }
        unsafe records[Int(bid)].state = .spare
        spares.push(bid)
        counters.recycled &+= 1
        if ring.available < window.lowMark { refillWhenWorthwhile() }
    }

    /// Publishes when a batch is together, or the kernel is about to run dry.
    @usableFromInline @inline(never)
    mutating func refillWhenWorthwhile() {
        let batch = Swift.min(32, Swift.max(1, window.size / 4))
        if spares.count >= batch || ring.available < batch { _ = refill() }
    }

    // MARK: Refilling

    /// Takes home what other threads returned, adapts the window and publishes spare buffers up to it.
    /// Returns how many were published.
    @usableFromInline
    mutating func refill() -> Int {
        if !returns.isEmpty { drainReturns() }
        window.adapt(available: ring.available)
        return publish(upTo: window.size)
    }

    private mutating func publish(upTo size: Int) -> Int {
        let count = Swift.min(size - ring.available, spares.count)
        guard count > 0 else { return 0 }
        for _ in 0..<count {
            let bid = spares.pop()
            unsafe records[Int(bid)].state = .available
            let slot = unsafe ring.add(address: address(of: bid), length: bufferSize, bid: BufferID(bid))
            unsafe records[Int(bid)].slot = UInt16(truncatingIfNeeded: slot)
        }
        ring.publish()
        counters.published &+= count
        counters.publishes &+= 1
        return count
    }

    private mutating func drainReturns() {
        var (bid, count) = returns.drain()
        counters.returned &+= count
        while count > 0 {
            let next = returns.link(of: bid)
            if unsafe records[Int(bid)].state != .returning { trapState(bid, expected: .returning) }
            unsafe records[Int(bid)].state = .spare
            spares.push(bid)
            bid = next
            count -= 1
        }
    }

    /// The kernel found nothing to select.
    mutating func noteStarvation() {
        counters.starvations &+= 1
        if !returns.isEmpty { drainReturns() }
        if spares.count > 0, ring.available == 0 {
            counters.avoidableStarvations &+= 1
            window.starved()
        }
        _ = publish(upTo: window.size)
    }
}
