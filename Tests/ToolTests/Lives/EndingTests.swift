// Signals: a drain when everything is idle, a deadline when somebody is stuck, an end at once when asked twice.

import Glibc
import Testing

extension ToolTests {
    @Suite struct EndingTests {
        @Test(arguments: [SIGTERM, SIGINT], Mode.all)
        func idleConnectionsDoNotDelayTheEnd(signal: Int32, mode: Mode) throws {
            let echo = try RunningTool(.echo, options: mode.options)
            let proxy = try RunningTool(.proxy(to: echo.address), options: mode.options)
            let idle = try (0..<100).map { try TestSocket.connected(to: proxy.address, name: "idle client \($0)") }
            for client in idle {
                try client.send("x")
                #expect(try client.receive(exactly: 1) == Array("x".utf8))
            }
            proxy.process.send(signal: signal)
            // Well before the drain's deadline of 5 s would break them off: they are told by an ordinary end.
            for client in idle { #expect(try client.receive().isEmpty) }
            #expect(try proxy.finish().connections == 100)
            try echo.end()
        }

        @Test func nobodyConnected() throws {
            #expect(try RunningTool(.echo).end().connections == 0)
        }

        @Test(arguments: Mode.all)
        func whatWasReceivedIsStillSent(mode: Mode) throws {
            let upstream = try Upstream { socket in
                try socket.send([UInt8](repeating: 7, count: 1_000_000))
                socket.waitForHangUp()
            }
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let client = try TestSocket.connected(to: proxy.address)
            #expect(try client.receive(exactly: 1000) == [UInt8](repeating: 7, count: 1000))
            proxy.process.send(signal: SIGTERM)
            let rest = try client.receiveAll()
            let summary = try proxy.finish()
            #expect(summary.bytesReceived == rest.count + 1000, "what the proxy took was delivered")
            #expect(summary.bytesSent == summary.bytesReceived)
        }

        /// Returns a proxy with a client that does not read while its upstream floods it.
        private func stuckProxy(options: [String] = []) throws -> (RunningTool, TestSocket, Upstream) {
            let upstream = try Upstream { try Upstream.flood($0, seed: 1) }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: options)
            let stuck = try TestSocket.connected(to: proxy.address, receiveBuffer: 4096)
            _ = try stuck.receive(exactly: 1)
            sleep(1)
            return (proxy, stuck, upstream)
        }

        @Test(
            arguments: Mode.all.map(\.options) + [
                ["--buffers", "64"], ["--no-bundles"], ["--buffer-size", "1048576", "--buffers", "16"],
                Mode.both.options + ["--buffer-size", "1048576", "--buffers", "16"],
            ])
        func aSlowReaderIsBrokenOffAtTheDeadline(options: [String]) throws {
            let (proxy, stuck, upstream) = try stuckProxy(options: options)
            defer { upstream.stop() }
            let before = ContinuousClock.now
            proxy.process.send(signal: SIGTERM)
            try proxy.finish()
            // A lower bound cannot fail on a slow machine: it had its five seconds.
            #expect(ContinuousClock.now - before > .seconds(4))
            stuck.close()
        }

        @Test(
            arguments: Mode.all.map(\.options) + [
                ["--buffers", "64"], ["--buffer-size", "1048576", "--buffers", "16"],
                Mode.both.options + ["--buffers", "4"],
            ])
        func aSecondSignalDoesNotWait(options: [String]) throws {
            let (proxy, stuck, upstream) = try stuckProxy(options: options)
            defer { upstream.stop() }
            proxy.process.send(signal: SIGTERM)
            usleep(200_000)
            #expect(proxy.process.isRunning, "it waits for the slow reader")
            proxy.process.send(signal: SIGTERM)
            // Less than what is left of the deadline, so it was the signal.
            try proxy.finish(seconds: 4)
            stuck.close()
        }

        @Test(arguments: Mode.all)
        func endsInTheMiddleOfATraffic(mode: Mode) throws {
            for seed in 70..<76 as Range<UInt64> {
                let echo = try RunningTool(.echo, options: mode.options)
                let proxy = try RunningTool(.proxy(to: echo.address), options: mode.options)
                var crowd = Crowd(address: proxy.address, seed: seed, atOnce: 30)
                crowd.allowsFailures = true
                var asked = false
                let limit = 500_000 + Int(seed % 6) * 400_000
                let proxyProcess = Shared(proxy.process)
                _ = try crowd.run((0..<30).map { _ in CrowdPlan(bytes: 400_000) }) { soFar in
                    guard !asked, soFar.bytesVerified > limit else { return }
                    asked = true
                    proxyProcess.value.send(signal: SIGTERM)
                }
                #expect(asked)
                try proxy.finish()
                try echo.end()
            }
        }
    }
}
