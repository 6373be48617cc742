// curl and wrk through the proxy to nginx.

import Testing

extension ToolTests {
    @Suite struct NginxTests {
        private static func nginx() throws -> OutsideServer {
            try OutsideServer(.nginx) { address, directory in
                var stream = PatternStream(seed: 200)
                try directory.write("small", stream.next(100))
                try directory.write("large", stream.next(8_000_000))
                try directory.write(
                    "nginx.conf",
                    """
                    daemon off; master_process off; pid \(directory.path)/pid; error_log \(directory.path)/log;
                    events { worker_connections 1024; }
                    http {
                        access_log off; client_max_body_size 64m; client_body_temp_path \(directory.path)/body;
                        proxy_temp_path \(directory.path)/proxy; fastcgi_temp_path \(directory.path)/fastcgi;
                        uwsgi_temp_path \(directory.path)/uwsgi; scgi_temp_path \(directory.path)/scgi;
                        server {
                            listen \(address); root \(directory.path);
                            location /put/ { dav_methods PUT; create_full_put_path on; }
                        }
                    }
                    """)
                return ["-p", directory.path, "-e", directory.path + "/log", "-c", directory.path + "/nginx.conf"]
            }
        }

        @Test(
            .needs(.curl, .nginx, for: "curl through nginx"),
            arguments: Mode.all.map(\.options) + [["--buffers", "16"], Mode.both.options + ["--buffers", "16"]])
        func curlDownloadsUploadsAndKeepsAlive(options: [String]) throws {
            let nginx = try Self.nginx()
            let directory = nginx.directory
            let proxy = try RunningTool(.proxy(to: nginx.address), options: options)
            let base = "http://\(proxy.address)"
            let quiet = ["--silent", "--show-error", "--fail", "--max-time", "60"]

            try OutsideProgram.curl.run(quiet + ["-o", directory.path + "/got", base + "/large"])
            #expect(try directory.read("got") == directory.read("large"), "a download of 8 MB")

            // Fifty requests on one connection.
            let many = (0..<50).flatMap { ["-o", "\(directory.path)/kept\($0)", base + "/small"] }
            try OutsideProgram.curl.run(quiet + many)
            for index in 0..<50 { #expect(try directory.read("kept\(index)") == directory.read("small")) }

            // Forty at a time.
            let parallel = (0..<80).flatMap {
                ["-o", "\(directory.path)/parallel\($0)", base + ($0 % 8 == 0 ? "/large" : "/small")]
            }
            try OutsideProgram.curl.run(quiet + ["--parallel", "--parallel-max", "40"] + parallel)
            for index in 0..<80 {
                let wanted = try directory.read(index % 8 == 0 ? "large" : "small")
                #expect(try directory.read("parallel\(index)") == wanted)
            }
            #expect(try proxy.end().bytesSent > 88_000_000)
        }

        /// Half of nginx's packages come without WebDAV: the echo takes the upload instead, as a raw stream.
        @Test(.needs(.curl, for: "curl uploads through the proxy"))
        func curlUploads() throws {
            let directory = try TemporaryDirectory()
            var stream = PatternStream(seed: 201)
            let body = stream.next(5_000_000)
            try directory.write("body", body)
            let received = Received()
            let upstream = try Upstream { socket in
                var request: [UInt8] = []
                while !request.contains(sequence: "\r\n\r\n") { request += try socket.receive() }
                let head = request.firstIndex(ofSequence: "\r\n\r\n")! + 4
                let rest = try socket.receive(exactly: body.count - (request.count - head))
                received.set(Array(request[head...]) + rest)
                try socket.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            }
            defer { upstream.stop() }
            let proxy = try RunningTool(.proxy(to: upstream.address))
            try OutsideProgram.curl.run([
                "--silent", "--show-error", "--fail", "--max-time", "60", "-H", "Expect:", "-T",
                directory.path + "/body", "http://\(proxy.address)/put",
            ])
            #expect(received.bytes == body)
            try proxy.end()
        }

        @Test(.needs(.wrk, .nginx, for: "wrk through nginx"))
        func wrkSeesNoErrors() throws {
            let nginx = try Self.nginx()
            let proxy = try RunningTool(.proxy(to: nginx.address))
            for path in ["small", "large"] {
                let output = try OutsideProgram.wrk.run(
                    ["-t", "2", "-c", "64", "-d", "2", "--timeout", "30s", "http://\(proxy.address)/\(path)"])
                #expect(!output.contains("Socket errors") && !output.contains("Non-2xx"), "\(output)")
                #expect(output.contains("Requests/sec"), "\(output)")
            }
            #expect(try proxy.end().bytesSent > 0)
        }
    }
}

extension [UInt8] {
    func firstIndex(ofSequence text: String) -> Int? {
        let wanted = Array(text.utf8)
        guard count >= wanted.count else { return nil }
        return (0...(count - wanted.count)).first { self[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }

    func contains(sequence text: String) -> Bool { firstIndex(ofSequence: text) != nil }
}
