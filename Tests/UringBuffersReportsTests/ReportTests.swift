// JSON and the page for people.

import Testing
import UringBuffers
import UringBuffersReports

@Suite struct ReportTests {
    @Test func jsonIsReadBack() throws {
        for snapshot in [fullSnapshot(), try realSnapshot(), PoolSnapshot()] {
            let text = SnapshotJSON.render(snapshot)
            let read = try SnapshotJSON.parse(text)
            #expect(read == snapshot && SnapshotJSON.render(read) == text)
        }
    }

    @Test func jsonHasWhatIsDerived() throws {
        var snapshot = fullSnapshot()
        #expect(SnapshotJSON.render(snapshot).contains(#""derived":{"balanced":true"#))
        #expect(SnapshotJSON.render(snapshot).contains(#""states":{"available":40,"cached":14,"lent":9"#))
        snapshot.groups[0].violations = ["lost"]
        #expect(SnapshotJSON.render(snapshot).contains(#""derived":{"balanced":false"#))
    }

    @Test func otherSchemasAreRefused() {
        var snapshot = PoolSnapshot()
        snapshot.schema = 99
        let text = SnapshotJSON.render(snapshot)
        #expect(throws: DecodingError.self) { try SnapshotJSON.parse(text) }
        #expect(throws: (any Error).self) { try SnapshotJSON.parse("{}") }
    }

    @Test func theSumComesFirst() throws {
        var snapshot = fullSnapshot()
        snapshot.groups[0].name = "receive"
        let lines = HumanReport.render(snapshot).split(separator: "\n")
        #expect(
            lines[0]
                == "receive: 40 available + 0 partial + 9 lent + 1 sending + 14 cached + 0 retired = 64 ✓")
        #expect(
            lines.contains("  web holds 5, at most 6, 18 in all")
                && lines.contains("  others holds 2, at most 1, 9 in all"))
        #expect(lines.contains("locked memory: 72 KiB charged, of 8 MiB"))
        #expect(lines.contains("fixed buffers files: 1 of 8 slots, 64 KiB, 2 in quarantine"))
        snapshot.groups[0].violations = ["the scan says 8 lent, the counters 9"]
        let wrong = HumanReport.render(snapshot).split(separator: "\n")
        #expect(wrong[0].hasSuffix("= 64 ✗") && wrong[1] == "  ✗ the scan says 8 lent, the counters 9")
    }

    @Test func aRealGroup() throws {
        let snapshot = try realSnapshot()
        #expect(snapshot.balanced && snapshot.groups[0].selected == 20)
        let report = HumanReport.render(snapshot)
        #expect(report.hasPrefix("receive: ") && report.contains("= 8 ✓") && report.contains("test holds 1"))
        let text = PrometheusText.render(snapshot)
        #expect(text.contains("uring_buffers_selected_total{group=\"receive\"} 20\n"))
        #expect(text.contains("uring_buffers_tag_buffers{group=\"receive\",tag=\"test\",state=\"lent\"} 1\n"))
        #expect(text.contains("uring_buffers_received_bytes_total{group=\"receive\"} 2000\n"))
    }
}
