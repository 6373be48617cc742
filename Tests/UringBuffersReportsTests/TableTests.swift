// The table of groups: numbers by hand, what stands out, sorting, and widths.

import Foundation
import Testing
import UringBuffers
import UringBuffersReports

@Suite struct TableTests {
    /// Two looks, two seconds apart, at a group that starves and has a slow consumer, and one that does nothing.
    private func looks() -> (PoolSnapshot, PoolSnapshot) {
        var before = GroupSnapshot(name: "receive", capacity: 64, bufferSize: 4096)
        before.serial = 1
        before.mode.level = .timed
        before.edges.published = 100
        before.edges.selected = 50
        before.edges.recycled = 50
        before.holdTime = HoldHistogram([1 << 20])
        var after = before
        after.edges.published = 300
        after.edges.selected = 290
        after.edges.recycled = 220
        after.edges.returned = 22
        after.edges.receivedBytes = 4096 * 240
        after.edges.starvations = 30
        after.edges.avoidableStarvations = 10
        after.residentBytes = 64 * 4096
        after.holdTime = HoldHistogram([1 << 20, 1000, 1000, 1000])
        after.tags = [
            TagSnapshot(number: 1, name: "web", held: 8, peak: 9, total: 100),
            TagSnapshot(number: 2, name: "slow", held: 40, peak: 41, total: 190),
        ]
        after.oldestHeld = GroupSnapshot.HeldBuffer(
            id: BufferID(12), tag: 2, sinceNanoseconds: 12_000_000_000 - 90_000_000_000)
        var idle = GroupSnapshot(name: "idle", capacity: 128, bufferSize: 64)
        idle.serial = 2
        func look(_ seconds: Int64, _ groups: [GroupSnapshot]) -> PoolSnapshot {
            PoolSnapshot(
                wallNanoseconds: seconds * 1_000_000_000, monotonicNanoseconds: seconds * 1_000_000_000, processID: 7,
                groups: groups, memlock: MemlockSnapshot(limit: 8 << 20, ringBytes: 8192))
        }
        return (look(10, [before, idle]), look(12, [after, idle]))
    }

    private func text(_ table: GroupTable, width: Int = 120) -> [String] { table.lines(width: width).map(\.text) }

    @Test func theWholeTable() {
        let (before, after) = looks()
        let table = GroupTable(after, since: before)
        #expect(
            text(table) == [
                "process 7: the books balance ✓; 192 buffers, 264 KiB, locked 8 KiB of 8 MiB",
                "NAME                  CAP  AVAIL    LOW   LENT   SEND  CACHE  STARVE/s   RECYC/s     BYTES/s       p99   "
                    + "RESIDENT",
                "  idle                128      0      0      0      0    128         0         0         0 B         –  "
                    + "        –",
                "! receive              64     10     10     48      0      6        15        96     480 KiB  959.5 ns  "
                    + "  256 KiB",
                "! receive starves: 15 receives/s find no buffer",
                "! receive: slow holds 40 (63 %), at most 41", "  receive: web holds 8 (13 %), at most 9",
                "! receive: slow has held buffer 12 for 90 s",
            ])
    }

    @Test func theFirstLookKnowsNoRates() {
        let table = GroupTable(looks().1)
        #expect(table.seconds == nil && table.rows.allSatisfy { $0.bytesPerSecond == nil })
        #expect(text(table)[2].contains("–"))
    }

    @Test func whatIsFreeAndNotPublishedIsNoStarvation() {
        var (before, after) = looks()
        after.groups[0].edges.avoidableStarvations = 30
        let row = GroupTable(after, since: before).rows[1]
        #expect(!row.isStarving && row.starvationsPerSecond == 15)
        before.groups = []
        #expect(GroupTable(after, since: before).rows[1].name == "receive")
    }

    @Test func aDoubleCountStandsOut() {
        var (before, after) = looks()
        after.groups[1].violations = ["65 buffers are marked available and 0 partial, the counters say 64 and 0"]
        after.groups[1].edges.auditFailures = 3
        var table = GroupTable(after, since: before)
        #expect(!table.balanced)
        let lines = table.lines()
        #expect(lines[0].kind == .failure && lines[0].text.contains("DO NOT BALANCE ✗"))
        #expect(lines[2].kind == .failure && lines[2].text.hasPrefix("✗ idle"))
        #expect(lines.contains { $0.kind == .failure && $0.text.hasPrefix("✗ idle: 65 buffers are marked") })
        #expect(lines.contains { $0.text == "✗ idle: 3 audits failed" })
        // What was wrong once is told for ever.
        after.groups[1].violations = []
        before = after
        table = GroupTable(after, since: looks().0)
        #expect(!table.balanced)
    }

    @Test(arguments: GroupTable.Sort.allCases)
    func sorted(by sort: GroupTable.Sort) {
        let (before, after) = looks()
        let names = GroupTable(after, since: before, sortedBy: sort).rows.map(\.name)
        let idleFirst = sort == .name || sort == .capacity
        #expect(names == (idleFirst ? ["idle", "receive"] : ["receive", "idle"]))
    }

    @Test(arguments: 40...220)
    func everyLineFits(width: Int) {
        let (before, after) = looks()
        let lines = text(GroupTable(after, since: before), width: width)
        #expect(lines.allSatisfy { $0.count <= width })
        for title in ["NAME", "AVAIL", "LENT"] { #expect(lines[1].contains(title), "\(lines[1])") }
        if width >= 150 { #expect(lines[1].contains("p50") && lines[1].contains("WASTE")) }
    }

    @Test func jsonIsTheSame() throws {
        let (before, after) = looks()
        let table = GroupTable(after, since: before)
        #expect(!table.json.contains("\n"))
        #expect(try JSONDecoder().decode(GroupTable.self, from: Data(table.json.utf8)) == table)
    }
}
