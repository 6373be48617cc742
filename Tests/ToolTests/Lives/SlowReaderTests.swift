// Clients that do not read: they pause their own sender and nobody else.

import Glibc
import Testing

extension ToolTests {
    @Suite struct SlowReaderTests {
        /// The first byte says what the connection is for.
        private func upstream() throws -> Upstream {
            try Upstream { socket in
                switch try socket.receive(1).first {
                case UInt8(ascii: "F"): try Upstream.flood(socket, seed: 3)
                case UInt8(ascii: "S"): socket.waitForHangUp()
                // Both: floods and never reads.
                case UInt8(ascii: "B"): try Upstream.flood(socket, seed: 4)
                default:
                    while true {
                        let bytes = try socket.receive()
                        if bytes.isEmpty { return }
                        try socket.send(bytes)
                    }
                }
            }
        }

        private func stuckReaders(_ count: Int, _ tool: RunningTool) throws -> [TestSocket] {
            try (0..<count).map { index in
                let made = try TestSocket.connected(to: tool.address, name: "slow reader \(index)", receiveBuffer: 4096)
                try made.send("F")
                return made
            }
        }

        @Test(arguments: Mode.all)
        func aSlowReaderHoldsOnlyItsShare(mode: Mode) throws {
            let upstream = try upstream()
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let slow = try stuckReaders(1, proxy)
            // Until its connection moves no more.
            sleep(1)
            let summary: ToolSummary
            do {
                slow[0].setTimeouts(seconds: 30)
                // Everything that was held is what was sent: read some, then leave.
                var stream = PatternStream(seed: 3)
                #expect(stream.mismatch(try slow[0].receive(exactly: 3_000_000)) == nil)
                slow[0].close()
                summary = try proxy.end()
            }
            // 128 buffers are the most that a flow asks for in this pool; one bundle may bring 256 more. Four times 128 may be
            // lent to zero-copy sends.
            #expect(summary.peakLent <= 128 + 256 + (mode.isZeroCopy ? 4 * 128 : 0))
        }

        @Test(arguments: [1, 20], Mode.all)
        func busyClientsFinishBesideSlowReaders(count: Int, mode: Mode) throws {
            let upstream = try upstream()
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let slow = try stuckReaders(count, proxy)
            let plans = (0..<50).map { _ in CrowdPlan(bytes: 300_000, farewell: .close) }
            let result = try BusyClients.run(proxy.address, plans)
            #expect(result.completed == 50)
            for client in slow { client.reset() }
            #expect(try proxy.end().peakLent < 4096)
        }

        /// More slow readers than the pool has shares: others still get through.
        @Test(arguments: [(readers: 100, buffers: 64), (readers: 300, buffers: 1024)], Mode.all)
        func slowReadersNeverTakeTheWholePool(load: (readers: Int, buffers: Int), mode: Mode) throws {
            let upstream = try upstream()
            defer { upstream.stop() }
            let proxy = try RunningTool(
                .proxy(to: upstream.address), options: mode.options + ["--buffers", "\(load.buffers)"])
            let slow = try stuckReaders(load.readers, proxy)
            sleep(2)
            let result = try BusyClients.run(
                proxy.address, (0..<10).map { _ in CrowdPlan(bytes: 100_000, farewell: .close) })
            #expect(result.completed == 10)
            for client in slow { client.reset() }
            try proxy.end()
        }

        /// Nothing is received from a paused client, so its reset must be noticed in another way; and where a send to it
        /// waits too, that send may be the one that gets the error.
        @Test(arguments: ["S", "B"], Mode.all)
        func aResetIsNoticedWhileItsSenderIsPaused(purpose: String, mode: Mode) throws {
            let upstream = try upstream()
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let process = proxy.process.identifier
            let before = ProcessFiles.descriptors(of: process)
            let client = try TestSocket.connected(to: proxy.address, name: "sender", receiveBuffer: 4096)
            try client.send(purpose)
            try fill(client)
            #expect(ProcessFiles.descriptors(of: process) == before + 2)
            client.reset()
            try waitUntil("the proxy closes both sockets") { ProcessFiles.descriptors(of: process) == before }
            try proxy.end()
        }

        /// Sends until the sockets and the flow's share of the pool are full.
        private func fill(_ client: TestSocket) throws {
            let chunk = [UInt8](repeating: 7, count: 65536)
            var idle = 0
            while idle < 50 {
                // Safe: the chunk lives through the call.
                let sent = unsafe chunk.withUnsafeBytes { unsafe client.sendOnce($0, flags: Int32(MSG_DONTWAIT)) }
                idle = sent > 0 ? 0 : idle + 1
                if sent <= 0 { usleep(10_000) }
            }
        }

        @Test(arguments: Mode.all)
        func oneByteMessagesToAPeerThatNeverReads(mode: Mode) throws {
            let upstream = try upstream()
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let dribbler = try TestSocket.connected(to: proxy.address, name: "dribbler")
            try dribbler.send("S")
            for _ in 0..<20_000 { try dribbler.send("x") }
            let result = try BusyClients.run(
                proxy.address, (0..<20).map { _ in CrowdPlan(bytes: 100_000, farewell: .close) })
            #expect(result.completed == 20)
            dribbler.reset()
            let summary = try proxy.end()
            #expect(summary.peakLent < 4096)
        }
    }

    /// Echo clients behind an upstream that wants a first byte other than F and S.
    enum BusyClients {
        static func run(_ address: Address, stallSeconds: Double = 30, _ plans: [CrowdPlan]) throws -> CrowdResult {
            try Crowd(
                address: address, seed: 0, atOnce: 50, stallSeconds: stallSeconds, preamble: UInt8(ascii: "E")
            ).run(plans)
        }
    }
}
