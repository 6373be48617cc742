// Windows between snapshots made by hand: rates, low water, quantiles, and groups that came anew.

import Foundation
import Testing
import UringBuffers

@Suite struct SnapshotDeltaTests {
    private func snapshot(at second: Double, _ groups: [GroupSnapshot], process: Int32 = 7) -> PoolSnapshot {
        PoolSnapshot(
            wallNanoseconds: Int64((1e6 + second) * 1e9), monotonicNanoseconds: Int64(second * 1e9), processID: process,
            groups: groups)
    }

    private func group(serial: UInt64 = 3, made: Double = 1, _ change: (inout GroupSnapshot) -> Void) -> GroupSnapshot {
        var group = GroupSnapshot(
            name: "receive", serial: serial, madeNanoseconds: Int64(made * 1e9), capacity: 64, bufferSize: 100)
        group.edges.published = 64
        group.edges.publishes = 1
        change(&group)
        return group
    }

    @Test func ratesAreThoseOfTheWindow() throws {
        let earlier = group {
            $0.edges.selected = 10
            $0.edges.receivedBytes = 900
            $0.edges.unusedBytes = 100
            $0.holdTime = HoldHistogram([1000, 1_000_000])
            $0.availableAtPublish = HoldHistogram([3, 60])
        }
        let later = group {
            $0.edges.selected = 40
            $0.edges.recycled = 25
            $0.edges.returned = 5
            $0.edges.published = 94
            $0.edges.publishes = 4
            $0.edges.receivedBytes = 3150
            $0.edges.unusedBytes = 850
            $0.edges.starvations = 10
            $0.edges.starvedNanoseconds = 500_000_000
            $0.edges.zeroCopyNotifications = 4
            $0.edges.copiedSends = 1
            $0.holdTime = HoldHistogram([1000, 1_000_000, 4, 4, 4])
            $0.availableAtPublish = HoldHistogram([3, 60, 20, 40])
        }
        let delta = try #require(snapshot(at: 12, [later]).delta(since: snapshot(at: 10, [earlier])))
        let window = delta.groups[0]
        #expect(delta.seconds == 2 && window.seconds == 2 && !window.isNew && delta.isConsistent)
        #expect(window.edges.selected == 30 && window.rate(\.selected) == 15)
        #expect(window.starvationRatio == 0.25 && window.starvedRatio == 0.25 && window.copiedRatio == 0.25)
        #expect(window.unusedRatio == 0.25 && window.meanBatch == 10 && window.remoteRatio == 5.0 / 30)
        #expect(window.holdTime == HoldHistogram([4, 4, 4]) && window.holdTime?.quantile(0.99) == 4)
        #expect(window.meanHeld == 12 / 1e9 / 2)
        // 3 was before the window.
        #expect(window.availableLowWater == 20)
        #expect(window.zeroCopyInFlight == nil && window.deliveredBytes == nil)
    }

    /// Between publishes nothing is remembered, but then it only falls.
    @Test func lowWaterWithoutAPublishIsWhatIsThereNow() throws {
        let earlier = group { $0.edges.selected = 10 }
        let later = group { $0.edges.selected = 60 }
        let delta = try #require(snapshot(at: 12, [later]).delta(since: snapshot(at: 10, [earlier])))
        #expect(delta.groups[0].availableLowWater == 4)
    }

    @Test func aGroupThatWasReplacedCountsFromItsBeginning() throws {
        let earlier = group { $0.edges.selected = 60 }
        let later = group(serial: 4, made: 11) { $0.edges.selected = 5 }
        let delta = try #require(snapshot(at: 12, [later]).delta(since: snapshot(at: 10, [earlier])))
        #expect(delta.groups.count == 1 && delta.groups[0].isNew && delta.groups[0].edges.selected == 5)
        #expect(delta.groups[0].seconds == 1 && delta.groups[0].rate(\.selected) == 5)
    }

    /// The monotonic clock and the serial numbers of another process mean nothing.
    @Test func aProcessThatWasRestartedCountsFromItsBeginning() throws {
        let earlier = snapshot(at: 100, [group { $0.edges.selected = 60 }], process: 7)
        var later = snapshot(at: 3, [group(made: 1) { $0.edges.selected = 8 }], process: 8)
        later.wallNanoseconds = earlier.wallNanoseconds + 5_000_000_000
        let delta = try #require(later.delta(since: earlier))
        #expect(delta.seconds == 5 && delta.groups[0].isNew && delta.groups[0].seconds == 2)
        #expect(delta.groups[0].edges.selected == 8)
    }

    @Test func thereIsNoWindowBackwards() {
        let (one, other) = (snapshot(at: 1, []), snapshot(at: 2, []))
        #expect(one.delta(since: other) == nil && one.delta(since: one) == nil && other.delta(since: one) != nil)
    }

    @Test func nothingHappenedMeansNoRatio() throws {
        let still = group { _ in }
        let delta = try #require(snapshot(at: 12, [still]).delta(since: snapshot(at: 10, [still])))
        let window = delta.groups[0]
        #expect(window.edges == GroupSnapshot.Edges() && window.rate(\.selected) == 0)
        #expect(window.starvationRatio == nil && window.meanBatch == nil && window.unusedRatio == nil)
    }

    @Test func edgesLeadToStates() {
        let states = GroupSnapshot.States(available: 1, partial: 2, lent: 3, sending: 4, cached: 5, retired: 6)
        #expect(GroupSnapshot.Edges(leadingTo: states).states(capacity: 21) == states)
        var twice = GroupSnapshot.Edges(leadingTo: states)
        twice.recycled += 4
        #expect(twice.states(capacity: 21).total == 21 && twice.states(capacity: 21).lent == -1)
    }

    /// Decoding what was encoded gives the same value, with everything that a value can hold.
    @Test func everythingSurvivesEncoding() throws {
        var one = group {
            $0.edges = .init(leadingTo: .init(available: 60, lent: 4))
            $0.tags = [TagSnapshot(number: 1, name: "a \"tag\"", held: 2, sending: 1, peak: 3, total: 4, limit: 5)]
            $0.oldestHeld = .init(id: BufferID(9), tag: 1, sinceNanoseconds: 42)
            $0.holdTime = HoldHistogram([1, 2, 3])
            $0.violations = ["a rule"]
            $0.buffers = [
                BufferSnapshot(
                    id: BufferID(9), state: .lent, tag: 1, sinceNanoseconds: 5, bytes: 6,
                    history: [.taken, .published],
                    lastTouch: "A/b.swift:7")
            ]
        }
        one.unreaped = 2
        one.residentBytes = 4096
        var whole = snapshot(at: 5, [one, group(serial: 9) { _ in }])
        whole.regions = [RegionSnapshot(name: "r", byteCount: 4096, residentBytes: 1, chargedBytes: 2)]
        whole.fixedTables = [FixedTableSnapshot(name: "t", slots: 8, used: 1, registeredBytes: 2, quarantined: 3)]
        whole.memlock = MemlockSnapshot(limit: nil, isExempt: true, ringBytes: 1, pinnedBytes: 2)
        let bytes = try JSONEncoder().encode(whole)
        #expect(try JSONDecoder().decode(PoolSnapshot.self, from: bytes) == whole)
        #expect(whole.violations == ["receive: a rule"] && !whole.balanced)
        let delta = try #require(whole.delta(since: snapshot(at: 1, [])))
        #expect(try JSONDecoder().decode(PoolDelta.self, from: JSONEncoder().encode(delta)) == delta)
    }
}
