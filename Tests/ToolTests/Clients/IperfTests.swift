// iperf3 through the proxy: as much as goes, in both directions.

import Foundation
import Testing

extension ToolTests {
    @Suite struct IperfTests {
        @Test(
            .needs(.iperf3, for: "iperf3 in both directions and with parallel streams"),
            arguments: [[], ["-R"], ["-P", "8"], ["-P", "8", "-R"], ["--bidir", "-P", "2"]], Mode.all)
        func streamsRunToTheirEnd(load: [String], mode: Mode) throws {
            let server = try OutsideServer(.iperf3) { address, _ in
                ["-s", "-B", "127.0.0.1", "-p", "\(address.port)"]
            }
            let proxy = try RunningTool(.proxy(to: server.address), options: mode.options)
            let output = try OutsideProgram.iperf3.run(
                ["-c", "127.0.0.1", "-p", "\(proxy.address.port)", "-n", "200M", "-J"] + load)
            let report = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
            #expect(report?["error"] == nil, "\(String(describing: report?["error"]))")
            // iperf3 stops by breaking its streams off once enough is sent, so only what it received is sure.
            let end = report?["end"] as? [String: Any]
            let received = (end?["sum_received"] as? [String: Any])?["bytes"] as? Int ?? 0
            #expect(received > 0, "\(output)")
            #expect(try proxy.end().bytesSent >= received)
        }
    }
}
