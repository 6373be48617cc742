// The value that every view is rendered from.

/// Everything that is known of some pools at one moment: a plain value, which JSON, metrics, pages and tests render or
/// compare, and compute nothing of their own.
///
/// Counted are *edges*, steps of a buffer from one state to the next. They only grow, and reading never resets them, so
/// that any number of readers can look. *Levels*, such as the number of lent buffers, are derived from them. For rates,
/// low water and quantiles over a window take two snapshots and ask for ``delta(since:)``.
public struct PoolSnapshot: Hashable, Sendable, Codable {
    /// The shape that this version of the package writes. Grows when a field changes its meaning or goes.
    public static let currentSchema = 1

    /// The shape of this value.
    public var schema: Int
    /// When it was taken: nanoseconds since 1970 (`CLOCK_REALTIME`).
    public var wallNanoseconds: Int64
    /// When it was taken: nanoseconds since some moment before the machine's start (`CLOCK_MONOTONIC`). All other times
    /// in here are on this clock.
    public var monotonicNanoseconds: Int64
    /// Whose pools these are.
    public var processID: Int32
    /// Whether each group was read while its owner was not in the middle of a step that changes several numbers. When
    /// false, ``GroupSnapshot/isConsistent`` says of which group that is not sure.
    public var isConsistent: Bool { groups.allSatisfy(\.isConsistent) }
    /// In the order in which they were watched.
    public var groups: [GroupSnapshot]
    /// Memory regions, likewise.
    public var regions: [RegionSnapshot]
    /// Tables of fixed buffers, likewise.
    public var fixedTables: [FixedTableSnapshot]
    /// The locked-memory limit and what counts against it; `nil` unless asked for.
    public var memlock: MemlockSnapshot?

    public init(
        schema: Int = PoolSnapshot.currentSchema, wallNanoseconds: Int64 = 0, monotonicNanoseconds: Int64 = 0,
        processID: Int32 = 0, groups: [GroupSnapshot] = [], regions: [RegionSnapshot] = [],
        fixedTables: [FixedTableSnapshot] = [], memlock: MemlockSnapshot? = nil
    ) {
        self.schema = schema
        self.wallNanoseconds = wallNanoseconds
        self.monotonicNanoseconds = monotonicNanoseconds
        self.processID = processID
        self.groups = groups
        self.regions = regions
        self.fixedTables = fixedTables
        self.memlock = memlock
    }

    /// Each rule of the books that does not hold, with the name of its group. Empty when they balance.
    public var violations: [String] {
        groups.flatMap { group in group.violations.map { "\(group.name): \($0)" } }
    }

    /// Whether every rule holds.
    public var balanced: Bool { groups.allSatisfy(\.balanced) }
}
