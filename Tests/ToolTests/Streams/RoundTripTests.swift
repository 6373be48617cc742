// Bytes come back whole, through every kind of address and every combination of options.

import Testing

extension ToolTests {
    @Suite struct RoundTripTests {
        /// Small messages for small streams only: a million sends of one byte would test the clients' patience.
        static let mixed = (0..<40).map { index in
            let kind = index % 7
            return CrowdPlan(
                bytes: [0, 1, 63, 4096, 4097, 100_000, 1_000_000][kind], messageBits: [1, 1, 3, 4, 13, 9, 17][kind])
        }

        @Test(arguments: ["127.0.0.1:0", "localhost:0", "*:0"])
        func echoReturnsEveryByte(listen: String) throws {
            let tool = try RunningTool(.echo, listen: listen)
            var total = 0
            for address in tool.addresses {
                let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
                let reachable = Address(host: host, port: address.port)
                if reachable.isIPv6, !Address.machineHasIPv6 {
                    Skip.say("\(listen) over IPv6", "this machine has no ::1")
                    continue
                }
                total += try Crowd(address: reachable, seed: 1, atOnce: 16).run(Self.mixed).bytesVerified
            }
            let wanted = Self.mixed.map(\.bytes).reduce(0, +)
            #expect(total > 0 && total % wanted == 0)
            let summary = try tool.end()
            #expect(summary.bytesReceived == total)
            #expect(summary.bytesSent == total)
        }

        @Test(.enabled(if: Skip.unless(Address.machineHasIPv6, "echo on [::1]", "this machine has no ::1")))
        func echoServesIPv6() throws {
            let tool = try RunningTool(.echo, listen: "[::1]:0")
            let result = try Crowd(address: tool.address, seed: 2, atOnce: 16).run(Self.mixed)
            #expect(try tool.end().bytesReceived == result.bytesVerified)
        }

        @Test(.enabled(if: Skip.unless(Address.machineHasIPv6, "echo on *:0 over IPv6", "this machine has no ::1")))
        func wildcardUsesOnePortForBothFamilies() throws {
            let tool = try RunningTool(.echo, listen: "*:0")
            #expect(tool.addresses.count == 2)
            #expect(Set(tool.addresses.map(\.port)).count == 1)
            try tool.end()
        }

        @Test func proxyForwardsEveryByteBothWays() throws {
            let echo = try RunningTool(.echo)
            let proxy = try RunningTool(.proxy(to: echo.address))
            let result = try Crowd(address: proxy.address, seed: 3, atOnce: 24).run(Self.mixed + Self.mixed)
            #expect(result.completed == 80)
            let summary = try proxy.end()
            #expect(summary.bytesReceived == 2 * result.bytesVerified)
            #expect(summary.bytesSent == 2 * result.bytesVerified)
            #expect(summary.connections == 80)
            #expect(try echo.end().bytesReceived == result.bytesVerified)
        }

        @Test(.enabled(if: Skip.unless(Address.machineHasIPv6, "proxy from [::1]", "this machine has no ::1")))
        func proxyCrossesFamiliesAndResolvesNames() throws {
            let echo = try RunningTool(.echo)
            let name = Address(host: "localhost", port: echo.address.port)
            let proxy = try RunningTool(.proxy(to: name), listen: "[::1]:0")
            let result = try Crowd(address: proxy.address, seed: 4, atOnce: 8).run(Self.mixed)
            #expect(result.completed == Self.mixed.count)
            try proxy.end()
            try echo.end()
        }

        /// Every combination of refill, ring memory, bundles and a size of pool on each side of the relay's threshold.
        static let combinations: [[String]] = ["adaptive", "everything"].flatMap { refill in
            ["application", "kernel"].flatMap { memory in
                ["--bundles", "--no-bundles"].flatMap { bundles in
                    [["512", "2048"], ["1024", "4096"], ["32768", "512"]].map { pool in
                        [
                            "--refill", refill, "--ring-memory", memory, bundles, "--buffers", pool[0],
                            "--buffer-size", pool[1],
                        ]
                    }
                }
            }
        }

        @Test(arguments: combinations)
        func everyCombinationOfOptionsWorks(options: [String]) throws {
            let tool = try RunningTool(.echo, options: options)
            let plans = Self.mixed + [CrowdPlan(bytes: 500_000, farewell: .reset(afterSending: 300_000))]
            let result = try Crowd(address: tool.address, seed: 5, atOnce: 41).run(plans)
            #expect(result.completed == Self.mixed.count)
            let summary = try tool.end()
            #expect("\(summary.capacity)" == options[6] && "\(summary.bufferSize)" == options[8])
        }
    }
}
