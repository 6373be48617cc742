// Upstreams that are not there, and come back.

import Glibc
import Testing

extension ToolTests {
    @Suite struct UpstreamTests {
        @Test func refusedUpstreamClosesTheClient() throws {
            let proxy = try RunningTool(.proxy(to: try Address.free()))
            for _ in 0..<50 {
                let client = try TestSocket.connected(to: proxy.address)
                #expect(client.ends(), "the client of a proxy without upstream still waits")
            }
            let summary = try proxy.end()
            #expect(summary.refused == 50 && summary.connections == 50)
            #expect(summary.bytesReceived == 0)
        }

        @Test func upstreamRestartsOnTheSamePort() throws {
            let first = try RunningTool(.echo)
            let address = first.address
            let proxy = try RunningTool(.proxy(to: address))
            #expect(try Crowd(address: proxy.address, seed: 60, atOnce: 4).run([CrowdPlan(bytes: 1000)]).completed == 1)
            try first.end()
            let failing = try TestSocket.connected(to: proxy.address)
            #expect(failing.ends())
            let second = try RunningTool(.echo, listen: address.description)
            let result = try Crowd(address: proxy.address, seed: 61, atOnce: 8)
                .run((0..<16).map { _ in CrowdPlan(bytes: 100_000) })
            #expect(result.completed == 16)
            #expect(try proxy.end().refused == 1)
            try second.end()
        }

        /// `localhost` may stand for ::1 first, where nobody listens: the next address is tried.
        @Test func everyAddressOfANameIsTried() throws {
            let echo = try RunningTool(.echo)
            let proxy = try RunningTool(.proxy(to: Address(host: "localhost", port: echo.address.port)))
            #expect(try Crowd(address: proxy.address, seed: 62, atOnce: 4).run([CrowdPlan(bytes: 5000)]).completed == 1)
            #expect(try proxy.end().refused == 0)
            try echo.end()
        }
    }
}
