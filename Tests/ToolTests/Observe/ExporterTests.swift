// --observe and --books: what is served, in which words, and that faults are named.

import Foundation
import Glibc
import Testing
import UringBuffers
import UringBuffersReports

extension ToolTests {
    @Suite struct ExporterTests {
        private func traffic(_ address: Address, seed: UInt64) throws {
            _ = try Crowd(address: address, seed: seed, atOnce: 8).run((0..<32).map { _ in CrowdPlan(bytes: 50_000) })
        }

        @Test func nothingIsShownUnlessAsked() throws {
            let echo = try RunningTool(.echo)
            #expect(!echo.process.output.contains("watch at"))
            #expect(try ProcessFiles.listeningSockets(of: echo.process.identifier) == 1)
            try echo.end()
            let observed = try Observed(.echo)
            #expect(try ProcessFiles.listeningSockets(of: observed.tool.process.identifier) == 2)
            #expect(observed.page.hasPrefix("http://127.0.0.1:"))
            try observed.tool.end()
        }

        @Test func everyViewTellsTheSame() throws {
            let echo = try Observed(.echo)
            try traffic(echo.tool.address, seed: 200)
            let json = try echo.get("snapshot.json")
            #expect(json.code == 200 && json.type == SnapshotJSON.contentType)
            let snapshot = try SnapshotJSON.parse(json.text)
            let group = try #require(snapshot.groups.first)
            #expect(group.name == "echo" && group.mode.level == .timed && group.selected > 32)
            #expect(group.balanced && group.states.total == 4096 && snapshot.memlock != nil)
            #expect(group.tags.map(\.name) == ["client 127.0.0.1"])
            #expect(group.tags[0].total >= group.selected)
            let plain = try echo.get("metrics")
            let open = try echo.get("metrics", accept: "application/openmetrics-text; version=1.0.0,text/plain;q=0.5")
            #expect(plain.type == PrometheusText.contentType && open.type == OpenMetricsText.contentType)
            #expect(open.text.hasSuffix("# EOF\n") && !plain.text.contains("# EOF"))
            for answer in [plain, open] {
                #expect(answer.sample("uring_buffers_selected_total{group=\"echo\"}") == Double(group.selected))
                #expect(
                    answer.sample("uring_buffers_received_bytes_total{group=\"echo\"}") == Double(group.receivedBytes))
                for (name, count) in group.states.all {
                    #expect(answer.sample("uring_buffers_buffers{group=\"echo\",state=\"\(name)\"}") == Double(count))
                }
            }
            let health = try echo.get("healthz")
            #expect(health.code == 200 && health.text == "the books balance\n")
            let page = try echo.get("")
            #expect(page.code == 200 && page.type == "text/html; charset=utf-8" && page.text.contains("<title>"))
            #expect(try echo.get("else").code == 404)
            try echo.tool.end()
        }

        @Test func theBidTableIsShownWhenAsked() throws {
            let echo = try Observed(
                .echo, options: ["--buffers", "32768", "--buffer-size", "64", "--books", "forensic"])
            try traffic(echo.tool.address, seed: 201)
            #expect(try echo.snapshot().group.buffers == nil)
            let buffers = try #require(try echo.snapshot(buffers: true).group.buffers)
            #expect(buffers.count == 32768)
            #expect(buffers.contains { !$0.history.isEmpty && $0.bytes > 0 })
            try echo.tool.end()
        }

        @Test func aLeakIsNamedByTagAndAge() throws {
            let echo = try Observed(.echo, options: ["--plant", "leak"])
            try traffic(echo.tool.address, seed: 202)
            let (snapshot, group) = try echo.snapshot()
            let oldest = try #require(group.oldestHeld)
            let tag = try #require(group.tags.first { $0.number == oldest.tag })
            #expect(tag.name == "planted leak" && tag.held == 1)
            #expect(snapshot.monotonicNanoseconds > oldest.sinceNanoseconds)
            let metrics = try echo.get("metrics")
            let held = "uring_buffers_tag_buffers{group=\"echo\",tag=\"planted leak\",state=\"lent\"}"
            #expect(metrics.sample(held) == 1)
            let since = try #require(
                metrics.sample("uring_buffers_oldest_held_timestamp_seconds{group=\"echo\",tag=\"planted leak\"}"))
            #expect(since <= Date().timeIntervalSince1970)
            // A leak is no mistake of the books.
            #expect(try echo.get("healthz").code == 200)
            let said = try echo.endUnbalanced()
            #expect(said.contains("\"lost\":1"), "\(said)")
        }

        @Test func theFinalReportNamesALeak() throws {
            let process = try ChildProcess(
                ToolBinary.path, ["echo", "--listen", "127.0.0.1:0", "--plant", "leak", "--books", "forensic"])
            try waitUntil("the echo listens") { process.output.contains("\n") }
            // One round trip, so that the leak has happened.
            try traffic(try RunningTool.addresses(in: process.output)[0], seed: 203)
            process.send(signal: SIGTERM)
            #expect(try process.wait(seconds: 30).exitCode == 2)
            let line = try #require(process.output.split(separator: "\n").first { $0.contains("bid ") })
            for part in ["missing ", "lent", "planted leak", "for ", "last touched at ", "history"] {
                #expect(line.contains(part), "the report lacks '\(part)': \(line)")
            }
        }

        @Test func aDoubleCountFailsTheHealthCheck() throws {
            let echo = try Observed(.echo, options: ["--plant", "double-count"])
            try waitUntil("the audit finds it") { try echo.get("healthz").code == 503 }
            #expect(try echo.get("healthz").text.hasPrefix("THE BOOKS DO NOT BALANCE\necho: "))
            let group = try echo.snapshot().group
            #expect(group.violations.contains { $0.contains("marked available") } && group.auditFailures > 0)
            let metrics = try echo.get("metrics")
            #expect(try #require(metrics.sample("uring_buffers_violations{group=\"echo\"}")) >= 1)
            #expect(try #require(metrics.sample("uring_buffers_audit_failures_total{group=\"echo\"}")) >= 1)
            let said = try echo.endUnbalanced()
            #expect(said.contains("\"balanced\":false"))
        }

        @Test func aSlowConsumerIsNamed() throws {
            let upstream = try Upstream { try Upstream.flood($0, seed: 5) }
            defer { upstream.stop() }
            let proxy = try Observed(.proxy(to: upstream.address))
            let slow = try TestSocket.connected(
                to: proxy.tool.address, from: "127.0.0.9", name: "slow", receiveBuffer: 4096)
            try waitUntil("its share is full") {
                let group = try proxy.snapshot().group
                guard let tag = group.tags.first(where: { $0.name == "client 127.0.0.9" }) else { return false }
                return tag.held > 16 && group.oldestHeld?.tag == tag.number
            }
            let series = "uring_buffers_tag_buffers{group=\"proxy\",tag=\"client 127.0.0.9\",state=\"sending\"}"
            #expect(try proxy.get("metrics").sample(series) != nil)
            let top = try ChildProcess(ToolBinary.path, ["top", proxy.page, "--once", "--interval", "0.1"])
            #expect(try top.wait(seconds: 30).exitCode == 0)
            for part in ["client 127.0.0.9 holds ", "client 127.0.0.9 has held buffer "] {
                #expect(top.output.contains(part), "\(top.output)")
            }
            slow.close()
            try proxy.tool.end()
        }

        @Test func mistakesAreToldInOneLine() throws {
            let echo = try Observed(.echo)
            let taken = String(echo.page.dropFirst("http://127.0.0.1:".count).dropLast())
            let cases = [
                (["--observe", taken], Int32(1), "EADDRINUSE"), (["--observe", "192.0.2.1:0"], 1, "EADDRNOTAVAIL"),
                (["--observe", "nobody.invalid:80"], 1, "cannot resolve"), (["--observe", "99999"], 64, "observe"),
                (["--books", "much"], 64, "books"),
            ]
            for (options, code, word) in cases {
                let process = try ChildProcess(ToolBinary.path, ["echo", "--listen", "127.0.0.1:0"] + options)
                let outcome = try process.wait(seconds: 30)
                let said = process.errorOutput
                #expect(outcome.exitCode == code && said.contains(word), "\(options): \(said)")
                #expect(said.split(separator: "\n").count == 1, "\(options): \(said)")
            }
            try echo.tool.end()
        }

        @Test func theDemoShowsBothPools() throws {
            let process = try ChildProcess(
                ToolBinary.path, ["demo", "--seconds", "600", "--connections", "8", "--observe", "0"])
            try waitUntil("the demo says where") { process.output.contains("\n") }
            let page = try Observed.page(in: process.output)
            try waitUntil("its clients have names") {
                let snapshot = try SnapshotJSON.parse(try Observed.get(page + "snapshot.json").text)
                return snapshot.groups.map(\.name) == ["echo server", "proxy"]
                    && snapshot.groups[1].tags.count { $0.name?.hasPrefix("client 127.0.0.") == true } > 3
            }
            process.send(signal: SIGINT)
            #expect(try process.wait(seconds: 60).exitCode == 0, "\(process.output) \(process.errorOutput)")
        }
    }
}
