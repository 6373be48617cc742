// Registering rings with the simulated kernel: a whole buffer group, or ring memory of somebody's own.

internal import Glibc
internal import RingArithmetic
public import UringBuffers

extension SimulatedKernel {
    /// A buffer group on this kernel: the same type, memory, states and traps as on a real one.
    ///
    /// It behaves in everything as if registered on an io_uring, including ``BufferGroup/close()``, which refuses while
    /// completions were not taken, and ``BufferGroup/books()``, which compares with this kernel's head.
    /// - Throws: as `BufferGroup.init`; `EEXIST` when the id is in use.
    public func makeGroup(
        id: BufferGroupID, capacity: Int, bufferSize: Int, consumption: Consumption = .whole,
        refill: RefillPolicy = .adaptive, wakeOnReturn: (@Sendable () -> Void)? = nil
    ) throws(UringError) -> BufferGroup {
        try BufferGroup(
            consumer: Consumer(kernel: self), id: id, capacity: capacity, bufferSize: bufferSize,
            consumption: consumption, refill: refill, wakeOnReturn: wakeOnReturn)
    }

    /// Registers ring memory (`IORING_REGISTER_PBUF_RING`): `entries` entries of 16 bytes, the tail in the first one's
    /// last two bytes. For producers of other make than ours.
    ///
    /// The memory, and whatever its entries point to, must stay until ``unregister(_:)``.
    /// - Throws: ``UringError`` with `EINVAL` when `entries` is not a power of two in 1...32768, `EEXIST` when the id is in
    ///   use.
    @unsafe
    public func register(
        _ base: UnsafeMutableRawPointer, entries: Int, id: BufferGroupID, consumption: Consumption = .whole
    ) throws(UringError) {
        guard (try? RingCapacity(entries)) != nil else {
            throw UringError(.registerBufferRing, errno: EINVAL, cause: .capacity(entries))
        }
        guard rings[id.rawValue] == nil else { throw UringError(.registerBufferRing, errno: EEXIST) }
        rings[id.rawValue] = unsafe SimulatedRing(base: base, entries: entries, consumption: consumption)
    }

    /// Ends a registration (`IORING_UNREGISTER_PBUF_RING`). Requests that are armed go on, and get `ENOBUFS` when their
    /// data arrives, bundles `ENOENT`.
    /// - Throws: ``UringError`` with `ENOENT` when there is none.
    public func unregister(_ id: BufferGroupID) throws(UringError) {
        guard rings.removeValue(forKey: id.rawValue) != nil else {
            throw UringError(.unregisterBufferRing, errno: ENOENT)
        }
    }

    /// The kernel's head, free running (`IORING_REGISTER_PBUF_STATUS`).
    /// - Throws: ``UringError`` with `ENOENT` when there is no such ring.
    public func head(of id: BufferGroupID) throws(UringError) -> UInt16 {
        guard let ring = rings[id.rawValue] else { throw UringError(.readBufferRingHead, errno: ENOENT) }
        return ring.head
    }

    /// What the producer of a ring did wrong, as far as its memory shows: more entries published than there are, no
    /// length, no memory, or one label twice. Empty when all is well. The real kernel checks none of this.
    public func mistakes(in id: BufferGroupID) -> [String] {
        guard let ring = rings[id.rawValue] else { return ["no ring is registered as group \(id)"] }
        guard ring.available <= ring.entries else {
            return ["\(ring.available) entries are published in a ring of \(ring.entries)"]
        }
        var found: [String] = []
        var seen: Set<UInt16> = []
        for step in 0..<ring.available {
            let entry = ring.entry(step)
            if entry.length == 0 { found.append("bid \(entry.bid) has length 0, which blocks the ring") }
            if entry.address == 0 { found.append("bid \(entry.bid) has address 0, which blocks the ring") }
            if !seen.insert(entry.bid).inserted { found.append("bid \(entry.bid) is published twice") }
        }
        return found
    }
}

/// Keeps the kernel alive as long as a group needs it.
private final class Consumer: BufferRingConsumer {
    let kernel: SimulatedKernel
    init(kernel: SimulatedKernel) { self.kernel = kernel }

    func register(
        _ base: UnsafeMutableRawPointer, entries: Int, id: BufferGroupID, consumption: Consumption
    ) throws(UringError) {
        unsafe try kernel.register(base, entries: entries, id: id, consumption: consumption)
    }

    func unregister(_ id: BufferGroupID) throws(UringError) { try kernel.unregister(id) }

    func head(of id: BufferGroupID) throws(UringError) -> UInt16 { try kernel.head(of: id) }
}
