// The pools of a program as a table, for terminals and logs.

import FoundationEssentials
public import UringBuffers

/// One row for each group, what stands out above and below them.
public struct GroupTable: Hashable, Sendable, Codable {
    /// Whose pools they are.
    public var processID: Int32
    /// The length of the window in seconds; `nil` when there was only one snapshot, and no rate is known.
    public var seconds: Double?
    /// Whether every rule of the books holds, and no audit ever failed.
    public var balanced: Bool
    /// What is charged to the locked-memory limit, and the limit; `nil` where it is not known or not there.
    public var lockedBytes: Int?
    public var lockedLimit: Int?
    public var rows: [GroupRow]

    /// What a table is sorted by: numbers from the largest on, names in order.
    public enum Sort: String, CaseIterable, Sendable {
        case name, capacity, available, lent, starvation, rate, hold, bytes
    }

    /// A row for each group of `snapshot`, with rates since `earlier`, which is of the same program.
    public init(_ snapshot: PoolSnapshot, since earlier: PoolSnapshot? = nil, sortedBy sort: Sort = .name) {
        let delta = earlier.flatMap { snapshot.delta(since: $0) }
        let deltas = Dictionary(uniqueKeysWithValues: (delta?.groups ?? []).map { ($0.serial, $0) })
        processID = snapshot.processID
        seconds = delta?.seconds
        balanced = snapshot.balanced && snapshot.groups.allSatisfy { $0.auditFailures == 0 }
        lockedBytes = snapshot.memlock?.chargedBytes
        lockedLimit = snapshot.memlock.flatMap { $0.isExempt ? nil : $0.limit }
        rows = snapshot.groups.map { GroupRow($0, deltas[$0.serial], at: snapshot.monotonicNanoseconds) }
            .sorted { GroupTable.precedes($0, $1, sort) }
    }

    /// One line of JSON: the fields by their names, bytes and seconds as such.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Never fails: there are neither dates nor numbers that JSON lacks in it.
        return String(decoding: try! encoder.encode(self), as: UTF8.self)
    }

    private static func precedes(_ first: GroupRow, _ second: GroupRow, _ sort: Sort) -> Bool {
        let (a, b) = (value(first, sort), value(second, sort))
        return a == b ? first.name < second.name : a > b
    }

    private static func value(_ row: GroupRow, _ sort: Sort) -> Double {
        switch sort {
        case .name: 0
        case .capacity: Double(row.capacity)
        case .available: Double(row.states.available)
        case .lent: Double(row.states.lent + row.states.sending)
        case .starvation: row.starvationsPerSecond ?? 0
        case .rate: row.recycledPerSecond ?? 0
        case .hold: row.hold99 ?? 0
        case .bytes: row.bytesPerSecond ?? 0
        }
    }
}
