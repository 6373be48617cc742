// The end of a group: refuse while the kernel may write, and never free under a handle.

internal import CUring
import Glibc
internal import RingArithmetic
internal import Synchronization

extension BufferGroup {
    /// Ends the group: unregisters the ring, and frees everything as soon as the last handle ends.
    ///
    /// Call it when every armed receive has posted its final completion and all of them were taken. Receives that are
    /// still armed end when their data arrives, with `ENOBUFS`, bundled ones with `ENOENT`. Kernels before 6.8 cannot
    /// say whether they own a buffer: there the group takes your word for it.
    ///
    /// - Throws: ``UringError`` with `EBUSY` while completions that carry buffers were not taken, which says how many;
    ///   or with the kernel's errno. The group goes on then; a receive whose data came at this very moment may have
    ///   ended with `ENOBUFS` or, bundled, `EFAULT`. `ENXIO` when it is closed already.
    /// - Returns: who still has buffers. Their handles stay good, and the last one to end frees the memory.
    @discardableResult
    public func close() throws(UringError) -> MissingReport {
        if unsafe header.pointee.isClosed { throw UringError(.closeGroup, errno: ENXIO) }
        unsafe header.pointee.checkOwner()
        unsafe try header.pointee.requireNothingUnreaped()
        unsafe header.pointee.withdrawAll()
        do throws(UringError) {
            // Again, now that nothing can be selected any more.
            unsafe try header.pointee.requireNothingUnreaped()
            unsafe try header.pointee.registration.unregister()
        } catch {
            unsafe header.pointee.restoreAll()
            throw error
        }
        unsafe header.pointee.finishClosing()
        return unsafe header.pointee.missing()
    }

    /// Bytes of all groups of this process whose memory could not be freed, because they were dropped while the kernel
    /// still owned buffers, or away from the thread that owned them. Must be 0 in a correct program.
    public static var abandonedBytes: Int { Abandoned.bytes.load(ordering: .relaxed) }
}

extension GroupHeader {
    /// Buffers that the kernel selected and no completion told us of yet; `nil` when the kernel cannot say.
    var unreaped: Int? {
        guard let head = try? registration.kernelHead() else { return nil }
        return Int(head.distance(from: ring.head)) + (hasUnreapedSegment(at: head) ? 1 : 0)
    }

    /// Whether the kernel filled more of the buffer at its head than completions told of. It keeps the rest's length in
    /// the entry.
    private func hasUnreapedSegment(at head: RingIndex) -> Bool {
        guard let segments = unsafe segments, head.distance(from: ring.head) < ring.selectable else { return false }
        let entry = ring.entry(inSlot: head.slot(in: ring.capacity))
        // Safe: the entry of a selectable slot names one of our buffers.
        let told = unsafe records[Int(entry.bid)].isIn(.partial) ? segments[Int(entry.bid)].cursor : 0
        return entry.length < bufferSize - told
    }

    func requireNothingUnreaped() throws(UringError) {
        if let unreaped, unreaped > 0 { throw UringError(.closeGroup, errno: EBUSY, cause: .unreaped(unreaped)) }
    }

    /// Makes the kernel find nothing. Without this, data could arrive between the look at the kernel's head and the
    /// unregistering, and the kernel would write into memory that we believe to be ours.
    func withdrawAll() { ring.withdraw() }

    /// Undoes ``withdrawAll()``: every published entry names its buffer again.
    func restoreAll() {
        // Safe: bids of published entries are ours. In a partial buffer the kernel goes on behind what it filled.
        ring.restore { entry in
            let start = unsafe UInt64(UInt(bitPattern: address(of: entry.bid)))
            return isIncremental ? start + UInt64(bufferSize - entry.length) : start
        }
    }

    /// The ring is unregistered: what is out comes back through the return stack.
    mutating func finishClosing() {
        finishPartials()
        closedWord.publish(1)
        disown()
    }

    /// Makes the calling thread the owner of a detached group.
    static func attach(_ header: UnsafeMutablePointer<GroupHeader>) {
        // Safe: the group that calls lives, hence its header.
        if unsafe !header.pointee.claim() || header.pointee.isClosed { unsafe header.pointee.trapWrongThread() }
        unsafe header.pointee.updateReadyToken()
        // What came back while nobody owned the group told only the owner before.
        unsafe header.pointee.armSignal()
    }

    /// Takes a group that no thread owns.
    private func claim() -> Bool {
        ownerToken.compareExchange(
            expected: 0, desired: UInt(curing_thread_token()), ordering: .acquiring
        ).exchanged
    }

    /// The group is gone: nobody takes or publishes any more. Whoever ends the last handle frees the memory.
    static func drop(_ header: UnsafeMutablePointer<GroupHeader>) {
        // Safe: handles that are out touch only their own records and links, the owner token and the return stack.
        // On a foreign thread even that is not sure: the owner may end a handle this very moment.
        guard unsafe header.pointee.isOwnedByThisThread || header.pointee.claim() else {
            return unsafe abandon(header)
        }
        let mayFree = unsafe header.pointee.isClosed || header.pointee.unregisterQuietly()
        unsafe header.pointee.disown()
        guard mayFree else { return unsafe abandon(header) }
        let out = unsafe header.pointee.out
        unsafe header.pointee.counters.outAtDrop.value = out
        if unsafe header.pointee.returns.close(out: out) == 0 { unsafe free(header) }
    }

    private static func abandon(_ header: UnsafeMutablePointer<GroupHeader>) {
        // Safe: nobody frees it, and what is left of the group makes no call on its ring.
        unsafe header.pointee.registration.letGo()
        unsafe Abandoned.keep(header, byteCount: header.pointee.slab.byteCount)
    }

    /// Unregisters on behalf of a group that was not closed. Returns whether the kernel surely owns no buffer.
    private mutating func unregisterQuietly() -> Bool {
        withdrawAll()
        let unreaped = self.unreaped
        do { try registration.unregister() } catch { return false }
        guard unreaped == 0 else { return false }
        finishPartials()
        return true
    }
}
