// The dashboard and the alerts: they use metrics that exist, and Prometheus understands every expression.

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

    /// Every expression of the dashboard, with its variables filled in.
    private static func expressions() throws -> [String] {
        let parsed = try JSONSerialization.jsonObject(with: Data(text("grafana.json").utf8))
        let dashboard = try #require(parsed as? [String: Any])
        let panels = try #require(dashboard["panels"] as? [[String: Any]])
        return panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }.compactMap { $0["expr"] as? String }
            .map { expression in
                expression.replacingOccurrences(of: "$__rate_interval", with: "1m")
                    .replacingOccurrences(of: "$job", with: ".*").replacingOccurrences(of: "$group", with: ".*")
            }
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

    /// As rules, because that is how promtool parses expressions without a server.
    @Test func promtoolUnderstandsEveryExpression() throws {
        guard try Judge.promtool.isHere() else { return }
        let expressions = try Self.expressions()
        #expect(expressions.count > 20)
        func check(_ expressions: [String]) throws -> (code: Int32, said: String) {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            var rules = "groups:\n  - name: panels\n    rules:\n"
            for (number, expression) in expressions.enumerated() {
                // JSON strings are YAML strings, but for slashes.
                let quoted = String(decoding: try encoder.encode(expression), as: UTF8.self)
                rules += "      - {record: 'panel_\(number)', expr: \(quoted)}\n"
            }
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("panels-\(UUID()).yml")
            try Data(rules.utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            return try Judge(program: "promtool", arguments: ["check", "rules", file.path], package: "prometheus").hear(
                "")
        }
        let (code, said) = try check(expressions)
        #expect(code == 0, "\(said)")
        #expect(try check(["sum((uring_buffers_buffers)"]).code != 0)
    }
}
