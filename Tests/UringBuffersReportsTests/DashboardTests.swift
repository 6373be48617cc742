// The dashboard and the alerts use metrics that exist, and promtool accepts them. A real Prometheus runs every
// expression in ToolTests/Observe/PrometheusTests.swift.

import Foundation
import Testing
import UringBuffers
import UringBuffersReports

@Suite(.serialized) struct DashboardTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Dashboards")

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    @Test func everyMetricThatIsUsedExists() throws {
        let exposition = PrometheusText.render(fullSnapshot()) + PrometheusText.render(try realSnapshot())
        let there = Set(
            exposition.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "{" && $0 != " " } }
        )
        var used: Set<Substring> = []
        for name in ["grafana.json", "alerts.yml", "alerts_test.yml"] {
            for match in try Self.text(name).matches(of: /uring_buffers_[a-z_]+/) { used.insert(match.output) }
        }
        #expect(used.count > 25)
        // Descriptions name histograms without their endings.
        let unknown = used.filter { !there.contains($0) && !there.contains($0 + "_bucket") }
        #expect(unknown.isEmpty, "\(unknown.sorted())")
    }

    @Test func promtoolAcceptsTheAlertsAndTheirTests() throws {
        guard try Judge.promtool.isHere() else { return }
        for arguments in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]] {
            let path = Self.folder.appendingPathComponent(arguments[2]).path
            let judge = Judge(
                program: "promtool", arguments: [arguments[0], arguments[1], path], package: "prometheus")
            let (code, said) = try judge.hear("")
            #expect(code == 0 && said.contains("SUCCESS"), "\(said)")
        }
    }
}
