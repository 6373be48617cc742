// What lets any thread read the books of a group, while it lives and afterwards.

internal import Synchronization

/// The link between a group and those who watch it.
///
/// The group's header is alive while somebody has a pin on it: the group with all of its handles has one, and each reader
/// has one for as long as it reads. Whoever takes the last pin away frees the header; so the group's end waits for no
/// reader, and a reader never finds freed memory. Afterwards the books as they were at the end are kept here.
@safe
final class GroupLedger: @unchecked Sendable {
    // @unchecked: the header is touched under a pin; `last` is written under the group's and read when all are gone.

    private let pins = Atomic<Int>(1)
    private let address = Atomic<UInt>(0)
    /// Tells the group from every other of this process.
    let serial: UInt64
    /// When it was made, on the monotonic clock.
    let made = MonotonicClock.now
    private let isWatched = Atomic<Bool>(false)
    private var last: GroupSnapshot?
    /// What the last audit found.
    private let findings = Locked<[String]>([])

    // Numbers that readers derive from several others, and that nevertheless never go back.

    private let unusedBytes = Atomic<Int>(0)
    private let peakLent = Atomic<Int>(0)

    private static let serials = Atomic<UInt64>(0)

    init() { serial = GroupLedger.serials.add(1, ordering: .relaxed).newValue }

    func begin(_ header: UnsafeMutablePointer<GroupHeader>) {
        address.store(UInt(bitPattern: header), ordering: .releasing)
    }

    /// From now on the books are worth keeping.
    func watch() { isWatched.store(true, ordering: .relaxed) }

    /// The books now; as they were at the end when the group and all of its handles are gone. Any thread.
    func snapshot(named name: String, including parts: SnapshotParts) -> GroupSnapshot? {
        guard pin() else {
            var snapshot = last
            snapshot?.name = name
            return snapshot
        }
        defer { unpin() }
        // Safe: pinned.
        return withFindings(unsafe header.pointee.snapshot(named: name, including: parts))
    }

    /// The owner audited. Until the next time, readers see what it found.
    func note(findings found: [String]) { findings.change { $0 = found } }

    private func withFindings(_ snapshot: GroupSnapshot) -> GroupSnapshot {
        var snapshot = snapshot
        snapshot.violations += findings.value.filter { !snapshot.violations.contains($0) }
        return snapshot
    }

    /// No handle and no owner is left.
    func end(_ header: UnsafeMutablePointer<GroupHeader>) {
        if isWatched.load(ordering: .relaxed) {
            last = withFindings(unsafe header.pointee.snapshot(named: "", including: []))
        }
        withExtendedLifetime(self) { unpin() }
    }

    private var header: UnsafeMutablePointer<GroupHeader> {
        // Safe: set when the group was made.
        unsafe UnsafeMutablePointer(bitPattern: address.load(ordering: .acquiring))!
    }

    private func pin() -> Bool {
        var seen = pins.load(ordering: .acquiring)
        while seen > 0 {
            let (exchanged, original) = pins.weakCompareExchange(
                expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            if exchanged { return true }
            seen = original
        }
        return false
    }

    private func unpin() {
        guard pins.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        let header = unsafe header
        // Safe: nobody else can reach it any more.
        unsafe header.deinitialize(count: 1)
        unsafe header.deallocate()
    }

    func growing(unusedBytes value: Int) -> Int { unusedBytes.max(value, ordering: .relaxed).newValue }
    func growing(peakLent value: Int) -> Int { peakLent.max(value, ordering: .relaxed).newValue }
}
