// Every way in and out, in pools from one buffer up: the bytes are the same.

import Testing

extension ToolTests {
    @Suite struct ModesTests {
        struct Case: CustomTestStringConvertible, Sendable {
            let mode: Mode
            let bundles: String
            let buffers: Int
            let size: Int

            var options: [String] {
                mode.options + [bundles, "--buffers", "\(buffers)", "--buffer-size", "\(size)"]
            }
            var testDescription: String { options.joined(separator: " ") }

            /// Few enough bytes for a pool of one small buffer.
            var plans: [CrowdPlan] {
                let most = min(200_000, max(2000, 40 * buffers * size))
                return (0..<10).map { CrowdPlan(bytes: most >> ($0 % 5), messageBits: 5 + $0) }
            }

            /// In a large pool there is enough to lend to zero-copy sends; in a small one it depends.
            func check(_ summary: ToolSummary) {
                if !mode.isZeroCopy { #expect(summary.zeroCopySends == 0) }
                if mode.isZeroCopy, buffers >= 1024 { #expect(summary.zeroCopySends > 0) }
            }
        }

        static let cases = (Mode.all + Mode.fallbacks).flatMap { mode in
            (Mode.fallbacks.contains { $0.options == mode.options } ? ["--bundles"] : ["--bundles", "--no-bundles"])
                .flatMap { bundles in
                    [1, 4, 64, 1024].flatMap { buffers in
                        [64, 4096].map { Case(mode: mode, bundles: bundles, buffers: buffers, size: $0) }
                    }
                }
        }

        /// Half of the clients at a time; one leaves in the middle.
        private func check(_ address: Address, _ one: Case, seed: UInt64) throws -> CrowdResult {
            let leaving = CrowdPlan(bytes: 20_000, farewell: .reset(afterSending: 2500))
            let result = try Crowd(address: address, seed: seed, atOnce: 6).run(one.plans + [leaving] + one.plans)
            #expect(result.completed == 20 && result.left == 1)
            return result
        }

        @Test(arguments: cases)
        func echoIsWhole(one: Case) throws {
            let tool = try RunningTool(.echo, options: one.options)
            let result = try check(tool.address, one, seed: 110)
            let summary = try tool.end()
            #expect(summary.bytesSent >= result.bytesVerified)
            one.check(summary)
        }

        @Test(arguments: cases)
        func proxyIsWhole(one: Case) throws {
            let echo = try RunningTool(.echo)
            let proxy = try RunningTool(.proxy(to: echo.address), options: one.options)
            let result = try check(proxy.address, one, seed: 111)
            let summary = try proxy.end()
            #expect(summary.bytesSent >= 2 * result.bytesVerified)
            one.check(summary)
            try echo.end()
        }

        /// On a kernel that can register nothing the tool uses what is left, by itself.
        @Test(.needs(.strace, for: "a server where rings cannot be registered"))
        func withoutAnyRegistering() throws {
            let wrapper = [
                try OutsideProgram.strace.require(), "-D", "-f", "-o", "/dev/null", "-e",
                "inject=io_uring_register:error=EINVAL",
            ]
            let tool = try RunningTool(.echo, options: ["--buffers", "64"], wrapper: wrapper)
            let one = Case(mode: Mode(options: []), bundles: "--bundles", buffers: 64, size: 4096)
            let result = try check(tool.address, one, seed: 113)
            #expect(try tool.end().bytesSent >= result.bytesVerified)
        }

        /// More connections than buffers, all idle now and then: those that wait do not keep a processor busy.
        @Test(arguments: Mode.fallbacks)
        func moreConnectionsThanBuffers(mode: Mode) throws {
            let tool = try RunningTool(.echo, options: mode.options + ["--buffers", "16"])
            let plans = (0..<200).map { CrowdPlan(bytes: 3000, messageBits: 7 + $0 % 5) }
            let result = try Crowd(address: tool.address, seed: 114, atOnce: 100).run(plans)
            #expect(result.completed == 200)
            #expect(try tool.end().bytesSent == result.bytesVerified)
        }

        /// Both ends take their time: pieces of many connections share buffers, and go back in any order.
        @Test(arguments: [Mode.incremental, .both], [4096, 65536])
        func manyConnectionsShareBuffers(mode: Mode, size: Int) throws {
            let options = mode.options + ["--buffers", "64", "--buffer-size", "\(size)"]
            let echo = try RunningTool(.echo, options: options)
            let proxy = try RunningTool(.proxy(to: echo.address), options: options)
            let plans = (0..<300).map { CrowdPlan(bytes: 3000, messageBits: 7 + $0 % 5, waitsForAll: true) }
            let result = try Crowd(address: proxy.address, seed: 112, atOnce: 300).run(plans)
            #expect(result.completed == 300)
            #expect(try proxy.end().bytesSent == 2 * result.bytesVerified)
            // That is what it is for: fewer buffers than messages.
            let summary = try echo.end()
            #expect(summary.selected <= 2 * (summary.bytesReceived / size + 1) + 64)
        }
    }
}
