// What happened between two snapshots: rates, low water and quantiles over the window.

/// What happened between two snapshots of one monitor.
public struct PoolDelta: Hashable, Sendable, Codable {
    /// The length of the window in seconds, above 0.
    public var seconds: Double
    /// Whether both snapshots were consistent.
    public var isConsistent: Bool
    /// The groups of the later snapshot.
    public var groups: [GroupDelta]
}

/// What happened in one group.
public struct GroupDelta: Hashable, Sendable, Codable {
    public var name: String
    public var id: BufferGroupID
    public var serial: UInt64
    /// Whether the group is not in the earlier snapshot, because it was made, or made anew, or watched since: everything
    /// then counts from its beginning.
    public var isNew: Bool
    /// The part of the window in which the group existed, in seconds. 0 when that is not known.
    public var seconds: Double
    public var capacity: Int
    public var bufferSize: Int
    /// How much each counter grew.
    public var edges: GroupSnapshot.Edges
    /// The fewest published buffers in the window, 0...capacity: exact below 8, else at most a fifth too low.
    public var availableLowWater: Int
    /// The values of the window; `nil` where the group does not measure them.
    public var holdTime: HoldHistogram?
    public var zeroCopyInFlight: HoldHistogram?
    public var deliveredBytes: HoldHistogram?

    /// How often something happened each second; `nil` when the window has no length.
    public func rate(_ counter: KeyPath<GroupSnapshot.Edges, Int>) -> Double? {
        seconds > 0 ? Double(edges[keyPath: counter]) / seconds : nil
    }

    /// Which part of all attempts to select a buffer found none, 0...1; `nil` without any.
    public var starvationRatio: Double? {
        ratio(edges.starvations, edges.selected + edges.starvations)
    }

    /// Which part of the buffers' bytes remained free, 0...1; `nil` when no buffer was filled.
    public var unusedRatio: Double? { ratio(edges.unusedBytes, edges.unusedBytes + edges.receivedBytes) }

    /// Which part of the zero-copy sends were copied after all, 0...1; `nil` without any.
    public var copiedRatio: Double? { ratio(edges.copiedSends, edges.zeroCopyNotifications) }

    /// Which part of the returns came from other threads, 0...1; `nil` without any.
    public var remoteRatio: Double? { ratio(edges.returned, edges.recycled + edges.returned) }

    /// Buffers for each publish; `nil` without any.
    public var meanBatch: Double? { ratio(edges.published, edges.publishes) }

    /// Which part of the window had nothing published and nothing to publish, 0...1.
    public var starvedRatio: Double? { seconds > 0 ? Double(edges.starvedNanoseconds) / 1e9 / seconds : nil }

    /// How many buffers were out on average, by Little's law; `nil` where hold times are not measured.
    public var meanHeld: Double? {
        guard seconds > 0, let holdTime else { return nil }
        return Double(holdTime.sum) / 1e9 / seconds
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }
}

extension PoolSnapshot {
    /// What happened since `earlier`; `nil` unless that is the earlier one. A group that was replaced, or the group of a
    /// process that was restarted, counts from its beginning.
    public func delta(since earlier: PoolSnapshot) -> PoolDelta? {
        let sameProcess = processID == earlier.processID
        let elapsed =
            sameProcess
            ? monotonicNanoseconds &- earlier.monotonicNanoseconds : wallNanoseconds &- earlier.wallNanoseconds
        guard elapsed > 0 else { return nil }
        let groups = groups.map { group in
            let before = sameProcess ? earlier.groups.first { $0.serial == group.serial } : nil
            return group.delta(
                since: before, nanoseconds: before == nil ? monotonicNanoseconds &- group.madeNanoseconds : elapsed)
        }
        return PoolDelta(
            seconds: Double(elapsed) / 1e9, isConsistent: isConsistent && earlier.isConsistent, groups: groups)
    }
}

extension GroupSnapshot {
    fileprivate func delta(since earlier: GroupSnapshot?, nanoseconds: Int64) -> GroupDelta {
        func values(_ histogram: KeyPath<GroupSnapshot, HoldHistogram?>) -> HoldHistogram? {
            guard let now = self[keyPath: histogram] else { return nil }
            return earlier?[keyPath: histogram].map(now.subtracting) ?? now
        }
        let publishes = earlier.map { availableAtPublish.subtracting($0.availableAtPublish) } ?? availableAtPublish
        // Between publishes the number only falls: the fewest were there before one of them, or now.
        let lowWater = Swift.min(publishes.least ?? .max, states.available + states.partial)
        return GroupDelta(
            name: name, id: id, serial: serial, isNew: earlier == nil, seconds: Double(Swift.max(0, nanoseconds)) / 1e9,
            capacity: capacity, bufferSize: bufferSize, edges: earlier.map { edges.delta(since: $0.edges) } ?? edges,
            availableLowWater: lowWater, holdTime: values(\.holdTime), zeroCopyInFlight: values(\.zeroCopyInFlight),
            deliveredBytes: values(\.deliveredBytes))
    }
}
