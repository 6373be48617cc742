// Each direction of a connection ends by itself.

import Testing

extension ToolTests {
    @Suite struct HalfCloseTests {
        @Test(arguments: Mode.all)
        func clientStopsSendingAndStillReceivesEverything(mode: Mode) throws {
            // The upstream answers only after it saw the end of the request.
            let upstream = try Upstream { socket in
                let request = try socket.receiveAll()
                var stream = PatternStream(seed: 7)
                guard stream.mismatch(request) == nil else { return }
                try socket.send(request.reversed())
            }
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            for size in [0, 1, 4096, 3_000_000] {
                var stream = PatternStream(seed: 7)
                let request = stream.next(size)
                let client = try TestSocket.connected(to: proxy.address)
                try client.send(request)
                client.shutDownSending()
                #expect(try client.receiveAll() == request.reversed())
            }
            try proxy.end()
        }

        @Test(arguments: Mode.all)
        func upstreamStopsFirstAndStillReceivesEverything(mode: Mode) throws {
            let received = Received()
            let upstream = try Upstream { socket in
                try socket.send("goodbye")
                socket.shutDownSending()
                received.set(try socket.receiveAll())
            }
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let client = try TestSocket.connected(to: proxy.address)
            #expect(try client.receiveAll() == Array("goodbye".utf8))
            var stream = PatternStream(seed: 8)
            let late = stream.next(2_000_000)
            try client.send(late)
            client.shutDownSending()
            try waitUntil("the upstream has everything that the client sent after the upstream's own end") {
                received.bytes == late
            }
            try proxy.end()
        }

        /// A server that closes and a client that then closes: nothing stays behind.
        @Test(arguments: Mode.all)
        func upstreamClosesFirst(mode: Mode) throws {
            let upstream = try Upstream { try $0.send("banner") }
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address), options: mode.options)
            let before = ProcessFiles.descriptors(of: proxy.process.identifier)
            for _ in 0..<20 {
                let client = try TestSocket.connected(to: proxy.address)
                #expect(try client.receiveAll() == Array("banner".utf8))
                client.close()
            }
            try waitUntil("the proxy has closed every descriptor") {
                ProcessFiles.descriptors(of: proxy.process.identifier) == before
            }
            #expect(try proxy.end().connections == 20)
        }
    }
}
