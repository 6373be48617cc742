// Too few descriptors: new clients wait, nothing spins, and accepting goes on afterwards.

import Glibc
import Testing

extension ToolTests {
    @Suite struct DescriptorTests {
        private func limited(to descriptors: Int) -> [String] {
            ["/bin/sh", "-c", "ulimit -Sn \(descriptors) && ulimit -Hn \(descriptors) && exec \"$@\"", "sh"]
        }

        private func checkThatItRests(_ tool: RunningTool) {
            let before = ProcessFiles.processorSeconds(of: tool.process.identifier)
            sleep(2)
            let used = ProcessFiles.processorSeconds(of: tool.process.identifier) - before
            #expect(used < 1, "nobody sends anything, and yet it used \(used) s of 2 s: it spins")
        }

        @Test func echoGoesOnWhenDescriptorsAreBack() throws {
            let tool = try RunningTool(.echo, wrapper: limited(to: 32))
            let clients = try (0..<64).map { try TestSocket.connected(to: tool.address, name: "client \($0)") }
            try clients[0].send("a")
            #expect(try clients[0].receive(exactly: 1) == Array("a".utf8))
            checkThatItRests(tool)
            // Those that wait are served as the others leave.
            for (index, client) in clients.enumerated() {
                try client.send("message \(index)")
                client.shutDownSending()
                #expect(try client.receiveAll() == Array("message \(index)".utf8) || index == 0)
                client.close()
            }
            #expect(try tool.end().connections == 64)
        }

        @Test func proxyGoesOnWhenDescriptorsAreBack() throws {
            let echo = try RunningTool(.echo)
            let proxy = try RunningTool(.proxy(to: echo.address), wrapper: limited(to: 33))
            let before = ProcessFiles.descriptors(of: proxy.process.identifier)
            var crowd = Crowd(address: proxy.address, seed: 80, atOnce: 60)
            // A client for whom no upstream socket could be made is closed.
            crowd.allowsFailures = true
            _ = try crowd.run((0..<200).map { _ in CrowdPlan(bytes: 1000) })
            let idle = ProcessFiles.descriptors(of: proxy.process.identifier)
            try waitUntil("the proxy has closed what it had open, \(idle) descriptors then") {
                ProcessFiles.descriptors(of: proxy.process.identifier) <= before
            }
            crowd = Crowd(address: proxy.address, seed: 81, atOnce: 4)
            #expect(try crowd.run((0..<40).map { _ in CrowdPlan(bytes: 10_000) }).completed == 40)
            checkThatItRests(proxy)
            try proxy.end()
            try echo.end()
        }

        /// Not even one client fits, and no connection's end will make room: somebody else must.
        @Test func noDescriptorForTheOnlyClient() throws {
            let tool = try RunningTool(.echo, wrapper: limited(to: 64))
            let open = ProcessFiles.descriptors(of: tool.process.identifier)
            try setSoftLimit(open, of: tool)
            // An accept goes by the limit that it was armed under, so it has to reach that one first.
            let others = try (0..<80).map { try TestSocket.connected(to: tool.address, name: "client \($0)") }
            try waitUntil("the echo is full") { ProcessFiles.descriptors(of: tool.process.identifier) == 64 }
            let client = try TestSocket.connected(to: tool.address)
            for other in others { other.close() }
            try waitUntil("the echo is empty") { ProcessFiles.descriptors(of: tool.process.identifier) == open }
            checkThatItRests(tool)
            #expect(ProcessFiles.descriptors(of: tool.process.identifier) == open, "the client was not let in")
            try setSoftLimit(64, of: tool)
            try client.send("hello")
            #expect(try client.receive(exactly: 5) == Array("hello".utf8))
            client.close()
            try tool.end()
        }

        private func setSoftLimit(_ descriptors: Int, of tool: RunningTool) throws {
            let change = try ChildProcess(
                "prlimit", ["--pid", "\(tool.process.identifier)", "--nofile=\(descriptors):"])
            #expect(try change.wait().exitCode == 0, "\(change.errorOutput)")
        }
    }
}
