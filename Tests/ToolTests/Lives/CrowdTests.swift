// Many connections, and connections that break at random moments.

import Glibc
import Testing

extension ToolTests {
    @Suite struct CrowdTests {
        @Test(arguments: Mode.all)
        func fiveThousandShortConnections(mode: Mode) throws {
            let echo = try RunningTool(.echo, options: mode.options)
            let proxy = try RunningTool(.proxy(to: echo.address), options: mode.options)
            let before = ProcessFiles.descriptors(of: proxy.process.identifier)
            let plans = (0..<5000).map { CrowdPlan(bytes: $0 % 300, farewell: .halfClose, messageBits: 8) }
            let result = try Crowd(address: proxy.address, seed: 20, atOnce: 64).run(plans)
            #expect(result.completed == 5000)
            try waitUntil("the proxy has closed every descriptor") {
                ProcessFiles.descriptors(of: proxy.process.identifier) == before
            }
            let summary = try proxy.end()
            #expect(summary.connections == 5000 && summary.refused == 0)
            #expect(summary.bytesSent == 2 * result.bytesVerified)
            try echo.end()
        }

        @Test(
            .enabled(
                if: Skip.unless(
                    TestLimits.raise() >= 4500, "2,000 concurrent connections",
                    "the hard limit of open descriptors is below 4500: raise it with ulimit -Hn")),
            arguments: Mode.all)
        func twoThousandConcurrentConnections(mode: Mode) throws {
            let echo = try RunningTool(.echo, options: mode.options)
            let proxy = try RunningTool(.proxy(to: echo.address), options: mode.options)
            let plans = (0..<2000).map { _ in
                CrowdPlan(bytes: 20_000, farewell: .halfClose, messageBits: 13, waitsForAll: true)
            }
            let result = try Crowd(address: proxy.address, seed: 21, atOnce: 2000).run(plans)
            #expect(result.completed == 2000)
            #expect(try proxy.end().bytesSent == 2 * result.bytesVerified)
            try echo.end()
        }

        @Test(arguments: [30, 31, 32] as [UInt64], Mode.all)
        func clientsLeaveAtRandomMoments(seed: UInt64, mode: Mode) throws {
            var random = SeededRandom(seed: seed)
            let plans = (0..<300).map { index in
                let bytes = random.size(bits: 20)
                let moment = Int.random(in: 0...bytes, using: &random)
                let farewells: [CrowdPlan.Farewell] = [
                    .halfClose, .close, .reset(afterSending: moment), .vanish(afterSending: moment),
                ]
                return CrowdPlan(bytes: bytes, farewell: farewells[index % 4])
            }
            let echo = try RunningTool(.echo, options: mode.options)
            let proxy = try RunningTool(.proxy(to: echo.address), options: mode.options)
            let result = try Crowd(address: proxy.address, seed: seed, atOnce: 50).run(plans)
            #expect(result.completed == 150 && result.left == 150)
            try proxy.end()
            try echo.end()
        }

        /// The upstream breaks connections; whatever still arrives is a true prefix of what was sent.
        @Test(arguments: [40, 41] as [UInt64], Mode.all)
        func upstreamResetsAtRandomMoments(seed: UInt64, mode: Mode) throws {
            let upstream = try Upstream { socket in
                var random = SeededRandom(seed: seed &+ UInt64(socket.descriptor))
                var left = random.size(bits: 19)
                while left > 0 {
                    let bytes = try socket.receive(4096)
                    if bytes.isEmpty { return }
                    try socket.send(bytes)
                    left -= bytes.count
                }
                TestSocket.setResetOnClose(socket.descriptor)
            }
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            var crowd = Crowd(address: proxy.address, seed: seed, atOnce: 30)
            crowd.allowsFailures = true
            let result = try crowd.run((0..<150).map { _ in CrowdPlan(bytes: 100_000) })
            #expect(result.failed > 0)
            #expect(result.failed + result.completed == 150)
            try proxy.end()
        }

        /// A whole process of clients is killed in the middle of its transfers, by what a supervisor would use.
        @Test(arguments: Mode.all)
        func theOtherToolIsKilled(mode: Mode) throws {
            let echo = try RunningTool(.echo, options: mode.options)
            let proxy = try RunningTool(.proxy(to: echo.address), options: mode.options)
            var crowd = Crowd(address: proxy.address, seed: 50, atOnce: 40)
            crowd.allowsFailures = true
            let plans = (0..<80).map { _ in CrowdPlan(bytes: 2_000_000) }
            let result = try crowd.run(plans) { soFar in
                if soFar.bytesVerified > 10_000_000 { echo.process.send(signal: SIGKILL) }
            }
            #expect(result.failed > 0)
            let summary = try proxy.end()
            #expect(summary.refused > 0)
        }
    }
}
