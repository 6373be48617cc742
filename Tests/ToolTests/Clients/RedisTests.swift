// redis-benchmark through the proxy to redis-server.

import Testing

extension ToolTests {
    @Suite struct RedisTests {
        @Test(
            .needs(.redisServer, .redisBenchmark, for: "redis-benchmark through redis-server"),
            arguments: [["-n", "10000"], ["-n", "40000", "-P", "16"], ["-n", "300", "-d", "20000"]], Mode.all)
        func everyRequestIsAnswered(load: [String], mode: Mode) throws {
            let redis = try OutsideServer(.redisServer) { address, directory in
                [
                    "--port", "\(address.port)", "--bind", "127.0.0.1", "--dir", directory.path, "--save", "",
                    "--appendonly", "no",
                ]
            }
            let proxy = try RunningTool(.proxy(to: redis.address), options: mode.options)
            let output = try OutsideProgram.redisBenchmark.run(
                ["-h", "127.0.0.1", "-p", "\(proxy.address.port)", "-t", "set,get,lrange_100", "-c", "50", "--csv"]
                    + load)
            #expect(output.contains("SET") && output.contains("GET") && output.contains("LRANGE_100"), "\(output)")
            #expect(!output.lowercased().contains("error"), "\(output)")
            #expect(try proxy.end().bytesSent > 0)
        }
    }
}
