// A real Prometheus scrapes a real proxy: what it says is what the snapshot says, and its alerts name what is wrong.

import Foundation
import Glibc
import Testing
import UringBuffers
import UringBuffersReports

extension ToolTests {
    @Suite(.needs(.prometheus, for: "what a real Prometheus sees")) struct PrometheusTests {
        private static func dashboards(_ name: String) throws -> String {
            let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(4).joined(separator: "/").dropFirst()
            return try String(contentsOfFile: "\(root)/Dashboards/\(name)", encoding: .utf8)
        }

        /// Every expression of the dashboard, with its variables filled in, and its panel.
        private static func panels() throws -> [(title: String, expression: String)] {
            struct Dashboard: Decodable {
                struct Panel: Decodable {
                    var title: String?
                    var targets: [Target]?
                }
                struct Target: Decodable { var expr: String }
                var panels: [Panel]
            }
            let dashboard = try JSONDecoder().decode(Dashboard.self, from: Data(dashboards("grafana.json").utf8))
            return dashboard.panels.flatMap { panel in
                (panel.targets ?? []).map { target in
                    let expression = target.expr.replacingOccurrences(of: "$__rate_interval", with: "5s")
                        .replacingOccurrences(of: "$job", with: "relay").replacingOccurrences(of: "$group", with: ".*")
                    return (panel.title ?? "", expression)
                }
            }
        }

        /// The alerts as they are, but for their patience.
        private static func impatientAlerts() throws -> String {
            let text = try dashboards("alerts.yml")
            let impatient = text.replacingOccurrences(of: "_timestamp_seconds > 60", with: "_timestamp_seconds > 1")
                .replacing(/for: [0-9]+[ms]/, with: "for: 0s")
            #expect(impatient != text && impatient.contains("seconds > 1\n"))
            return impatient
        }

        @Test func underLoadItSaysWhatTheSnapshotSays() throws {
            let upstream = try Upstream.echo()
            defer { upstream.stop() }
            let proxy = try Observed(.proxy(to: upstream.address), options: ["--send", "zerocopy"])
            let traffic = Traffic(to: proxy.tool.address, seed: 400)
            let judge = try Prometheus(
                scraping: proxy.page, job: "relay", alerts: try PrometheusTests.dashboards("alerts.yml"))

            // While it runs: every counter lies between a snapshot from before the scrape and one from after it.
            let selected = #"uring_buffers_selected_total{group="proxy"}"#
            for _ in 0..<5 {
                let before = try proxy.snapshot()
                let taken = Double(before.all.wallNanoseconds) / 1e9
                try waitUntil("it scrapes again") { try judge.value("timestamp(\(selected))") > taken }
                let seen = try judge.value(selected)
                let after = try proxy.snapshot().group.selected
                #expect(Double(before.group.selected) <= seen && seen <= Double(after))
                #expect(before.group.selected < after, "the proxy stands still")
            }
            // Each single scrape balances.
            let sum = #"sum(uring_buffers_buffers{group="proxy"})"#
            #expect(try judge.value("min_over_time(\(sum)[30s:250ms])") == 4096)
            #expect(try judge.value("max_over_time(\(sum)[30s:250ms])") == 4096)
            #expect(try judge.value("min_over_time(up[30s])") == 1)

            // Every panel has something to show while there is traffic, where this machine has such a thing.
            let locked = try proxy.snapshot().all.memlock
            for (title, expression) in try PrometheusTests.panels() {
                let values = try judge.values(expression)
                // Administrators have no limit.
                if expression.contains("memlock_limit"), locked?.limit == nil || locked?.isExempt == true { continue }
                #expect(!values.isEmpty, "the panel '\(title)' is empty: \(expression)")
            }
            let rules = try judge.rules()
            #expect(rules.count == 7 && rules.values.allSatisfy { $0 == "ok" }, "\(rules)")

            // When nothing moves any more, everything is equal.
            #expect(try traffic.end() > 0)
            try waitUntil("everything is home") { try proxy.snapshot().group.states.lent == 0 }
            let (all, last) = try proxy.snapshot()
            let since = Double(all.wallNanoseconds) / 1e9
            try waitUntil("it scrapes again") { try judge.value("timestamp(\(selected))") > since }
            let expected: [(String, Int)] = [
                ("selected_total", last.selected), ("received_bytes_total", last.receivedBytes),
                ("published_total", last.published), ("publishes_total", last.publishes),
                ("starvations_total", last.starvations), ("leased_total", last.leased),
                ("zerocopy_sends_total", last.zeroCopySends), ("leaked_total", 0), ("violations", 0),
                ("audit_failures_total", 0), ("buffers_capacity", 4096), ("buffers_lent_high_water", last.peakLent),
                ("hold_seconds_count", last.holdTime?.count ?? -1),
            ]
            for (name, value) in expected {
                #expect(try judge.value("uring_buffers_\(name){group=\"proxy\"}") == Double(value), "\(name)")
            }
            for (state, count) in last.states.all {
                #expect(try judge.value("uring_buffers_buffers{group=\"proxy\",state=\"\(state)\"}") == Double(count))
            }
            let home = Double(last.recycled + last.returned)
            #expect(try judge.value("sum(uring_buffers_recycled_total{group=\"proxy\"})") == home)
            #expect(try judge.firing().map { $0.labels["alertname"] } == [])
            try proxy.tool.end()
        }

        @Test func aLeakFiresAnAlertThatNamesIt() throws {
            let echo = try Observed(.echo, options: ["--plant", "leak"])
            let judge = try Prometheus(
                scraping: echo.page, job: "echo", alerts: try PrometheusTests.impatientAlerts())
            let traffic = Traffic(to: echo.tool.address, seed: 401)
            try waitUntil("the alert fires") {
                try judge.firing().contains {
                    $0.labels["alertname"] == "PoolBufferHeldLong" && $0.labels["tag"] == "planted leak"
                        && $0.annotations["summary"]?.hasPrefix("planted leak has held a buffer of echo for ") == true
                }
            }
            try traffic.end()
            _ = try echo.endUnbalanced()
        }

        @Test func aDoubleCountFiresAnAlert() throws {
            let echo = try Observed(.echo, options: ["--plant", "double-count"])
            let judge = try Prometheus(
                scraping: echo.page, job: "echo", alerts: try PrometheusTests.dashboards("alerts.yml"))
            try waitUntil("the alert fires") {
                try judge.firing().contains {
                    $0.labels["alertname"] == "PoolBooksDoNotBalance" && $0.labels["group"] == "echo"
                }
            }
            _ = try echo.endUnbalanced()
        }

        @Test func aSlowConsumerFiresAnAlertThatNamesIt() throws {
            let upstream = try Upstream { try Upstream.flood($0, seed: 7) }
            defer { upstream.stop() }
            let proxy = try Observed(.proxy(to: upstream.address))
            let judge = try Prometheus(
                scraping: proxy.page, job: "proxy", alerts: try PrometheusTests.impatientAlerts())
            let slow = try TestSocket.connected(
                to: proxy.tool.address, from: "127.0.0.9", name: "slow", receiveBuffer: 4096)
            try waitUntil("the alert fires") {
                try judge.firing().contains {
                    $0.labels["alertname"] == "PoolBufferHeldLong" && $0.labels["tag"] == "client 127.0.0.9"
                }
            }
            slow.close()
            try proxy.tool.end()
        }
    }
}
