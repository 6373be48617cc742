// Who holds buffers: numbers for connections, tenants or stages, each with its own count and limit.

internal import Synchronization

/// A number that buffers can be charged to, made by ``BufferGroup/makeTag(limit:usesReserve:)``.
@frozen
public struct OwnerTag: Hashable, Sendable, Codable {
    /// 1...65535; 0 is ``none``.
    @usableFromInline let number: UInt16

    @usableFromInline init(_ number: UInt16) { self.number = number }

    /// Nobody in particular: not counted, not limited, not allowed to use the reserve.
    @inlinable public static var none: OwnerTag { OwnerTag(0) }

    /// For tables of one's own: 0..<65536.
    @inlinable public var index: Int { Int(number) }
}

/// The tags of a group, by number. The table never moves, because handles on other threads count in it.
@safe
struct TagTable: ~Copyable {
    /// Ended tags; a number is used again when nothing is charged to it any more.
    private var ended: [UInt16] = []
    /// The address of the records: 0 until the first tag is made; never replaced.
    private let memory = OwnedWord()
    private let usedWord = OwnedWord()

    /// How often something was no more charged to a tag: tells the owner whether to look again.
    private let releaseCount = Atomic<Int>(0)

    static let mostTags = Int(UInt16.max)

    var releases: Int { releaseCount.load(ordering: .relaxed) }

    init() {}

    deinit {
        guard memory.value != 0 else { return }
        unsafe records.deinitialize(count: Int(used))
        unsafe records.deallocate()
    }

    /// Only for numbers of tags that were made.
    private var records: UnsafeMutablePointer<TagRecord> {
        unsafe UnsafeMutablePointer(bitPattern: UInt(bitPattern: memory.value))!
    }

    private var used: UInt16 { UInt16(truncatingIfNeeded: usedWord.value) }

    mutating func make(name: String? = nil, limit: Int, usesReserve: Bool) -> OwnerTag? {
        // Address space: a record's page becomes memory when its tag is made.
        if memory.value == 0 {
            memory.value = Int(bitPattern: UnsafeMutablePointer<TagRecord>.allocate(capacity: TagTable.mostTags))
        }
        // Safe, here and below: numbers up to `used` are initialised records.
        if let position = ended.firstIndex(where: { unsafe records[Int($0) - 1].held.load(ordering: .acquiring) == 0 })
        {
            let number = ended.remove(at: position)
            unsafe records[Int(number) - 1].limit = limit
            unsafe records[Int(number) - 1].usesReserve = usesReserve
            unsafe records[Int(number) - 1].name.set(name)
            unsafe records[Int(number) - 1].isEnded = false
            unsafe records[Int(number) - 1].peak.store(0, ordering: .relaxed)
            unsafe records[Int(number) - 1].total.store(0, ordering: .relaxed)
            return OwnerTag(number)
        }
        guard used < TagTable.mostTags else { return nil }
        unsafe (records + Int(used)).initialize(to: TagRecord(limit: limit, usesReserve: usesReserve))
        unsafe records[Int(used)].name.set(name)
        // Behind what the record holds: readers go by it.
        usedWord.publish(usedWord.value + 1)
        return OwnerTag(used)
    }

    mutating func end(_ tag: OwnerTag) {
        self[tag].isEnded = true
        ended.append(tag.number)
    }

    subscript(_ tag: OwnerTag) -> TagRecord {
        _read {
            check(tag)
            yield unsafe records[Int(tag.number) - 1]
        }
        _modify {
            check(tag)
            yield unsafe &records[Int(tag.number) - 1]
        }
    }

    /// Traps unless the tag is in use.
    func check(_ tag: OwnerTag) {
        unsafe demand(
            tag.number > 0 && tag.number <= used && !records[Int(tag.number) - 1].isEnded,
            "tag \(tag.number) is not one of this group's, or has ended")
    }

    /// `count` handles more. Any thread.
    func charge(_ tag: OwnerTag, count: Int) {
        let held = self[tag].held.add(count, ordering: .relaxed).newValue
        var peak = self[tag].peak.load(ordering: .relaxed)
        while held > peak {
            (_, peak) = self[tag].peak.compareExchange(expected: peak, desired: held, ordering: .relaxed)
        }
        self[tag].total.add(count, ordering: .relaxed)
    }

    /// One handle less. Any thread: the handle was charged, so its record exists.
    func release(_ number: UInt16, count: Int) {
        unsafe records[Int(number) - 1].held.subtract(count, ordering: .releasing)
        releaseCount.add(1, ordering: .relaxed)
    }

    /// Every tag that something is charged to, ended ones included.
    var holders: [OwnerTag: Int] {
        var found: [OwnerTag: Int] = [:]
        for number in 0..<used {
            let held = unsafe records[Int(number)].held.load(ordering: .relaxed)
            if held != 0 { found[OwnerTag(number + 1)] = held }
        }
        return found
    }

    /// What tags that were made are called, of those that have names.
    func names(of tags: some Sequence<OwnerTag>) -> [OwnerTag: String] {
        var found: [OwnerTag: String] = [:]
        for tag in tags { found[tag] = unsafe records[tag.index - 1].name.text }
        return found
    }

    /// `count` buffers of a tag were lent to a send, or came back from it. Any thread.
    func noteSending(_ number: UInt16, count: Int) {
        unsafe records[Int(number) - 1].sending.add(count, ordering: .relaxed)
    }

    /// For views, on any thread: those in use or held by, by number, and the sum of those beyond the most that are listed.
    var snapshots: [TagSnapshot] {
        // At most what has been made by now; the address was set before.
        let used = usedWord.read()
        guard used > 0 else { return [] }
        var found: [TagSnapshot] = []
        var others: TagSnapshot?
        for index in 0..<used {
            let held = unsafe records[index].held.load(ordering: .relaxed)
            if held == 0, unsafe records[index].isEnded { continue }
            if found.count < TagSnapshot.mostListed {
                found.append(unsafe records[index].snapshot(number: index + 1))
                continue
            }
            var sum = others ?? TagSnapshot(number: 0)
            sum.held += held
            sum.sending += unsafe records[index].sending.load(ordering: .relaxed)
            sum.peak = Swift.max(sum.peak, unsafe records[index].peak.load(ordering: .relaxed))
            sum.total += unsafe records[index].total.load(ordering: .relaxed)
            others = sum
        }
        if let others { found.append(others) }
        return found
    }
}
