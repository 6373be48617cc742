// An address and port that clients connect to.

import Glibc
import Synchronization

struct Address: CustomStringConvertible, Sendable {
    let host: String
    let port: Int

    init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    /// From `1.2.3.4:80` or `[::1]:80`.
    init(_ text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), port > 0 else {
            throw TestFailure("'\(text)' is no address with a port")
        }
        let host = text[..<colon]
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
        self.port = port
    }

    var isIPv6: Bool { host.contains(":") }
    var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Calls `body` with the kernel's form of the address.
    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result) rethrows -> Result {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(UInt16(port).bigEndian)
            unsafe precondition(inet_pton(AF_INET6, host, &address.sin6_addr) == 1, "\(host) is not numeric")
            let length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            return try unsafe withUnsafePointer(to: &address) { pointer in
                try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try unsafe body($0, length) }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        unsafe precondition(inet_pton(AF_INET, host, &address.sin_addr) == 1, "\(host) is not numeric")
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return try unsafe withUnsafePointer(to: &address) { pointer in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try unsafe body($0, length) }
        }
    }

    /// A port of the loopback interface that nobody listens on now. Below those that the kernel gives to whoever asks for
    /// any, and never the same twice: whoever runs beside this test cannot take it by chance before it is used.
    static func free() throws -> Address {
        while true {
            let port = nextPort.withLock { port in
                port = port < 32_000 ? port + 1 : 10_240
                return port
            }
            if let probe = try? TestSocket.listening(on: Address(host: "127.0.0.1", port: port)) {
                return try probe.localAddress()
            }
        }
    }

    private static let nextPort = Mutex(Int.random(in: 10_240..<32_000))

    /// Whether the machine has ::1.
    static let machineHasIPv6: Bool = (try? TestSocket.listening(on: Address(host: "::1", port: 0))) != nil
}
