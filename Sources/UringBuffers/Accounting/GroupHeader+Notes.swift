// What happens to buffers off the fast path, told to the books. Above the level of counters everything passes here.

internal import CUring
import Glibc
internal import Synchronization

extension GroupHeader {
    /// Whether there are details.
    var isTimed: Bool { level != .counters }

    // Safe, here and below: whoever calls owns the buffer.

    /// A completion brought bytes into a whole buffer.
    @inline(__always)
    mutating func noteTaken(_ bid: UInt16, bytes: UInt32) {
        if _slowPath(isTimed) { noteTaken(bid, bytes: bytes, isFirst: true, isDone: true) }
    }

    /// The same for a part of a buffer.
    mutating func noteTaken(_ bid: UInt16, bytes: UInt32, isFirst: Bool, isDone: Bool) {
        guard isTimed else { return }
        unsafe details!.pointee.taken(bid, bytes: bytes, isFirst: isFirst)
        unsafe details!.pointee.note(isDone ? .taken : .partlyTaken, bid)
        guard isDone else { return }
        let delivered = unsafe details!.pointee.bytes(of: bid)
        unsafe isIncremental
            ? details!.pointee.deliveredBytes.add(delivered) : details!.pointee.deliveredBytes.count(delivered)
    }

    /// It is about to become spare on the owner's thread.
    @inline(__always)
    mutating func noteHome(_ bid: UInt16) {
        guard _slowPath(isTimed) else { return }
        unsafe details!.pointee.cameHome(bid)
        unsafe details!.pointee.note(.recycled, bid)
        overwrite(bid)
    }

    /// It is about to go to the return stack. Any thread.
    func noteReturned(_ bid: UInt16) {
        guard isTimed else { return }
        unsafe details!.pointee.ended(bid)
        unsafe details!.pointee.note(.returned, bid)
        overwrite(bid)
    }

    /// Whoever still reads a buffer that went back reads a pattern. The address sanitizer does better, where it is.
    private func overwrite(_ bid: UInt16) {
        guard level == .forensic, !GroupHeader.poisons else { return }
        // Safe: nobody else has the buffer.
        unsafe memset(address(of: bid), Int32(GroupHeader.poisonPattern), Int(bufferSize))
    }

    /// What the bytes of a buffer are after it went back, at the forensic level.
    static let poisonPattern: UInt8 = 0xdb

    func noteDrained(_ bid: UInt16) {
        guard isTimed else { return }
        unsafe details!.pointee.drained(bid)
        unsafe details!.pointee.note(.drained, bid)
    }

    /// The bids that were taken off the spare pool at `position` are published.
    func notePublished(at position: Int, count: Int) {
        guard level == .forensic else { return }
        // Safe: those positions hold the bids that were taken just now.
        for index in position..<(position + count) {
            unsafe details!.pointee.note(.published, unsafe spares.bids[index])
        }
    }

    @usableFromInline
    func note(_ event: BufferEvent, _ bid: UInt16) { unsafe details?.pointee.note(event, bid) }

    /// Where the owner of a buffer stands.
    func touch(_ bid: UInt16, _ place: SourceTouch) {
        if level == .forensic { unsafe details!.pointee.touch(bid, place) }
    }

    @usableFromInline
    func noteCharged(_ bid: UInt16, to tag: OwnerTag) {
        guard isTimed else { return }
        unsafe details!.pointee.charge(bid, to: tag.number)
        unsafe details!.pointee.note(.charged, bid)
    }

    // MARK: Sends. Any thread.

    /// Buffers entered the state sending, or are about to leave the books of sends.
    func noteSending(_ count: Int, isSending: Bool, tag: OwnerTag) {
        guard count > 0 else { return }
        if isSending {
            shared.leased.add(count, ordering: .releasing)
        } else {
            shared.unleased.add(count, ordering: .releasing)
        }
        if tag != .none { tags.noteSending(tag.number, count: isSending ? count : -count) }
    }

    /// Returns when that was, where it is measured.
    func noteZeroCopySend() -> Int {
        shared.zeroCopySends.add(1, ordering: .relaxed)
        return !isTimed ? 0 : MonotonicClock.now
    }

    func noteNotification(copied: Bool, began: Int) {
        if copied { shared.copiedSends.add(1, ordering: .relaxed) }
        shared.zeroCopyNotifications.add(1, ordering: .releasing)
        if isTimed, began > 0 {
            unsafe details!.pointee.zeroCopyInFlight.addShared(Swift.max(0, MonotonicClock.now - began))
        }
    }

    // MARK: Publishing

    /// Some are about to be published.
    func noteLowWater() {
        let left = ring.selectable
        if left < counters.lowWater.value, counters.published.value > 0 { counters.lowWater.value = left }
        if counters.published.value > 0 { availableAtPublish.add(left) }
        if _slowPath(counters.starvedSince.value > 0) {
            counters.starvedNanoseconds.add(Swift.max(0, MonotonicClock.now - counters.starvedSince.value))
            counters.starvedSince.value = 0
        }
    }
}

extension BufferBundle {
    /// Tells the books above the level of counters whom every buffer is charged to.
    func noteCharged(to tag: OwnerTag, _ place: SourceTouch) {
        guard count > 0, unsafe header.pointee.level != .counters else { return }
        forEachBuffer { bid in unsafe header.pointee.noteCharged(bid, to: tag) }
        touch(place)
    }

    /// Where the owner of all these buffers stands.
    func touch(_ place: SourceTouch) {
        guard count > 0, unsafe header.pointee.level == .forensic else { return }
        forEachBuffer { bid in unsafe header.pointee.touch(bid, place) }
    }
}
