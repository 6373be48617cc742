// nc, which closes its sending side at the end of its input and goes on reading.

import Glibc
import Testing

extension ToolTests {
    @Suite struct NetcatTests {
        @Test(.needs(.netcat, for: "half-close by nc"), arguments: [0, 1, 3_000_000])
        func everythingComesBackAfterTheHalfClose(size: Int) throws {
            let directory = try TemporaryDirectory()
            var stream = PatternStream(seed: 300)
            let sent = stream.next(size)
            try directory.write("input", sent)
            try directory.write("output", "")
            let echo = try RunningTool(.echo)
            let proxy = try RunningTool(.proxy(to: echo.address))
            let input = unsafe open(directory.path + "/input", O_RDONLY | O_CLOEXEC)
            let output = unsafe open(directory.path + "/output", O_WRONLY | O_CLOEXEC)
            defer { for descriptor in [input, output] { _ = close(descriptor) } }
            let netcat = try ChildProcess(
                try OutsideProgram.netcat.require(), ["-N", "127.0.0.1", "\(proxy.address.port)"], stdin: input,
                stdout: output)
            #expect(try netcat.wait(seconds: 60).exitCode == 0, "\(netcat.errorOutput)")
            #expect(try directory.read("output") == sent)
            try proxy.end()
            try echo.end()
        }
    }
}
