// Pools so small that every receive waits for the one before: slow, and whole.

import Testing

extension ToolTests {
    @Suite struct TinyPoolTests {
        static let pools: [(buffers: Int, size: Int)] = [1, 2, 8, 16, 64].flatMap { buffers in
            [1, 64, 4096].map { (buffers, $0) }
        }

        /// Few enough bytes for one buffer of one byte at a time.
        private func plans(_ pool: (buffers: Int, size: Int)) -> [CrowdPlan] {
            let most = min(200_000, 1500 * pool.size)
            return (0..<12).map { CrowdPlan(bytes: max(1, most >> ($0 % 5)), messageBits: 6 + $0) }
        }

        @Test(arguments: pools)
        func echoIsWhole(pool: (buffers: Int, size: Int)) throws {
            let tool = try RunningTool(
                .echo, options: ["--buffers", "\(pool.buffers)", "--buffer-size", "\(pool.size)"])
            let result = try Crowd(address: tool.address, seed: 10, atOnce: 12).run(plans(pool))
            #expect(result.completed == 12)
            #expect(try tool.end().bytesSent == result.bytesVerified)
        }

        @Test(arguments: pools)
        func proxyIsWhole(pool: (buffers: Int, size: Int)) throws {
            let echo = try RunningTool(.echo)
            let proxy = try RunningTool(
                .proxy(to: echo.address), options: ["--buffers", "\(pool.buffers)", "--buffer-size", "\(pool.size)"])
            let result = try Crowd(address: proxy.address, seed: 11, atOnce: 12).run(plans(pool))
            #expect(result.completed == 12)
            #expect(try proxy.end().bytesSent == 2 * result.bytesVerified)
            try echo.end()
        }

        @Test(arguments: ["adaptive", "everything"], ["--bundles", "--no-bundles"])
        func tinyPoolsSurviveClientsThatLeave(refill: String, bundles: String) throws {
            let echo = try RunningTool(.echo, options: ["--buffers", "2", "--refill", refill, bundles])
            let proxy = try RunningTool(
                .proxy(to: echo.address), options: ["--buffers", "4", "--refill", refill, bundles])
            let plans = (0..<60).map { index in
                CrowdPlan(
                    bytes: 200_000,
                    farewell: index % 3 == 0 ? .reset(afterSending: 5000 * index) : .halfClose)
            }
            let result = try Crowd(address: proxy.address, seed: 12, atOnce: 20).run(plans)
            #expect(result.completed == 40)
            try proxy.end()
            try echo.end()
        }
    }
}
