// The live page in a real browser: what it shows is what the snapshot says.

import Foundation
import Glibc
import Testing
import UringBuffers
import UringBuffersReports

extension ToolTests {
    @Suite(.needs(.chromium, for: "the live page in a browser")) struct PageTests {
        /// What the page must show of a group; of the rest of the fields this test knows nothing, so that none is left out.
        private func expected(_ group: GroupSnapshot) -> [String: Int] {
            var values = [
                "capacity": group.capacity, "window": group.window, "availableLowWater": group.availableLowWater,
                "peakLent": group.peakLent, "starvations": group.starvations,
                "avoidableStarvations": group.avoidableStarvations, "selected": group.selected,
                "home": group.recycled + group.returned, "receivedBytes": group.receivedBytes,
            ]
            for (name, count) in group.states.all { values["states.\(name)"] = count }
            for tag in group.tags.sorted(by: { ($0.held, $0.peak) > ($1.held, $1.peak) }).prefix(10) {
                values["tag.\(tag.number)"] = tag.held
            }
            if let oldest = group.oldestHeld { values["oldestSince"] = Int(oldest.sinceNanoseconds) }
            return values
        }

        /// Compares each number on the page with the snapshot from which it was made, and returns that.
        @discardableResult
        private func check(_ page: RenderedPage, group name: String) throws -> PoolSnapshot {
            #expect(page.complaints.isEmpty)
            let snapshot = try SnapshotJSON.parse(try page.text(id: "snapshot"))
            let group = try #require(snapshot.groups.first { $0.name == name })
            var shown = try page.fields()
            #expect(shown.removeValue(forKey: "balanced") == "\(group.balanced)")
            let low = try #require(shown.removeValue(forKey: "lowWater").flatMap { Int($0) })
            #expect((group.availableLowWater...group.capacity).contains(low))
            #expect(shown == expected(group).mapValues(String.init), "of \(name)")
            return snapshot
        }

        @Test func duringTrafficEachNumberIsThatOfTheSnapshot() throws {
            let process = try ChildProcess(
                ToolBinary.path, ["demo", "--seconds", "600", "--connections", "8", "--observe", "0"])
            try waitUntil("the demo says where") { process.output.contains("\n") }
            let url = try Observed.page(in: process.output)
            var selected = 0
            for name in ["proxy", "echo%20server", "proxy"] {
                let before = try SnapshotJSON.parse(try Observed.get(url + "snapshot.json").text)
                let page = try RenderedPage(url + "#group=" + name)
                let after = try SnapshotJSON.parse(try Observed.get(url + "snapshot.json").text)
                let shown = try check(page, group: name.replacingOccurrences(of: "%20", with: " "))
                let flow = [before, shown, after].map { $0.groups[0].selected + $0.groups[1].selected }
                #expect(flow[0] < flow[1] && flow[1] < flow[2] && selected < flow[0], "the pool stood still: \(flow)")
                selected = flow[2]
            }
            for (name, size) in [("browser.png", (1280, 1000)), ("browser-phone.png", (390, 844))] {
                let picture = try RenderedPage.photograph(url + "#group=proxy", as: name, size: size)
                let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
                // A PNG that is not one colour.
                #expect(bytes.prefix(4) == Data([0x89, 0x50, 0x4e, 0x47]) && bytes.count > 20_000)
            }
            process.send(signal: SIGINT)
            #expect(try process.wait(seconds: 60).exitCode == 0, "\(process.output) \(process.errorOutput)")
        }

        /// Nothing moves any more, so that the page and any later snapshot must agree.
        @Test func afterTrafficItAgreesWithEverySnapshot() throws {
            let echo = try Observed(.echo, options: ["--buffers", "64"])
            _ = try Crowd(address: echo.tool.address, seed: 300, atOnce: 8).run(
                (0..<32).map { _ in CrowdPlan(bytes: 50_000) })
            // High enough for the map of buffers, which is read only when it is in sight.
            let page = try RenderedPage(echo.page, size: (1280, 3000))
            let shown = try check(page, group: "echo").groups[0]
            let now = try echo.snapshot().group
            #expect(shown.edges == now.edges && shown.states == now.states && shown.tags == now.tags)
            #expect(shown.selected > 32 && page.says("✓ balances"))
            #expect(page.says("All is well"))
            #expect(page.says("Map of 64 buffers: \(now.states.available) available"))
            try echo.tool.end()
        }

        @Test func faultsAreNamed() throws {
            let double = try Observed(.echo, options: ["--plant", "double-count"])
            try waitUntil("the audit finds it") { try double.get("healthz").code == 503 }
            let page = try RenderedPage(double.page)
            try check(page, group: "echo")
            #expect(page.says("✗ The books of echo do not balance: "))
            #expect(page.says("✗ does not balance"))
            _ = try double.endUnbalanced()

            let leak = try Observed(.echo, options: ["--plant", "leak"])
            _ = try Crowd(address: leak.tool.address, seed: 301, atOnce: 1).run([CrowdPlan(bytes: 5000)])
            let shown = try RenderedPage(leak.page)
            let group = try check(shown, group: "echo").groups[0]
            let held = try #require(group.oldestHeld)
            #expect(shown.says("Held the longest: <b>buffer \(held.id)</b>, by <b>planted leak</b>, for <b"))
            _ = try leak.endUnbalanced()

            let upstream = try Upstream { try Upstream.flood($0, seed: 302) }
            defer { upstream.stop() }
            let proxy = try Observed(.proxy(to: upstream.address))
            let slow = try TestSocket.connected(
                to: proxy.tool.address, from: "127.0.0.9", name: "slow", receiveBuffer: 4096)
            try waitUntil("it holds something") { try proxy.snapshot().group.oldestHeld != nil }
            let named = try RenderedPage(proxy.page)
            try check(named, group: "proxy")
            #expect(named.says("</b>, by <b>client 127.0.0.9</b>, for <b"))
            slow.close()
            try proxy.tool.end()
        }

        /// One file: whatever it needs is in it, and the browser is told to refuse everything else.
        @Test func nothingIsAskedOfAnybodyElse() throws {
            let echo = try Observed(.echo)
            let text = try echo.get("").text
            let addresses = text.matches(of: /(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]+[^"' ]*/).map { $0.output }
            #expect(addresses.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(addresses)")
            #expect(!text.contains("<link rel=\"stylesheet\"") && !text.contains(" src=") && !text.contains("@import"))
            try echo.tool.end()
        }
    }
}
