// A snapshot as JSON.

import FoundationEssentials
public import UringBuffers

/// JSON with the fields of ``PoolSnapshot`` by their Swift names, and what every reader would compute: see docs/snapshot.md.
public enum SnapshotJSON {
    /// For the header of an answer.
    public static let contentType = "application/json; charset=utf-8"

    /// The whole snapshot, in a fixed order of keys; with ``render(_:)`` again it gives the same bytes.
    public static func render(_ snapshot: PoolSnapshot) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Never fails: there are neither dates nor numbers that JSON lacks in it.
        return String(decoding: try! encoder.encode(Document(snapshot)), as: UTF8.self)
    }

    /// Reads what ``render(_:)`` wrote, and what older versions of the same schema wrote.
    public static func parse(_ text: String) throws -> PoolSnapshot {
        let snapshot = try JSONDecoder().decode(PoolSnapshot.self, from: Data(text.utf8))
        guard snapshot.schema == PoolSnapshot.currentSchema else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: [],
                    debugDescription: "schema \(snapshot.schema): this version reads \(PoolSnapshot.currentSchema)"))
        }
        return snapshot
    }
}

/// The snapshot's own fields, and `derived` beside them.
private struct Document: Encodable {
    let snapshot: PoolSnapshot

    init(_ snapshot: PoolSnapshot) { self.snapshot = snapshot }

    private enum Key: CodingKey {
        case derived
    }

    private struct Derived: Encodable {
        let isConsistent: Bool
        let balanced: Bool
        let violations: [String]
        let groups: [Group]
    }

    private struct Group: Encodable {
        let states: GroupSnapshot.States
        let heldBytes: Int
        /// Seconds.
        let holdMedian: Double?
        let hold99: Double?
    }

    func encode(to encoder: any Encoder) throws {
        try snapshot.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        let groups = snapshot.groups.map { group in
            Group(
                states: group.states, heldBytes: group.heldBytes,
                holdMedian: group.holdTime?.quantile(0.5).map { $0 / 1e9 },
                hold99: group.holdTime?.quantile(0.99).map { $0 / 1e9 })
        }
        try container.encode(
            Derived(
                isConsistent: snapshot.isConsistent, balanced: snapshot.balanced, violations: snapshot.violations,
                groups: groups), forKey: .derived)
    }
}
