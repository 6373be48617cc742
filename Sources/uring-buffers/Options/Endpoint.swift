// HOST:PORT on the command line.

import ArgumentParser
import UringQueue

/// A host name or address with a port, as the user wrote it.
struct Endpoint: ExpressibleByArgument, CustomStringConvertible {
    let host: String
    let port: Int
    let description: String

    init?(argument: String) {
        guard let (host, port) = try? SocketAddress.split(argument) else { return nil }
        self.host = host
        self.port = port
        description = argument
    }

    /// A wildcard host resolves to every local address when listening.
    func resolve(forListening: Bool = false) throws -> [SocketAddress] {
        do {
            let host = self.host == "*" ? "" : self.host
            return try SocketAddress.resolve(host: host, port: port, forListening: forListening)
        } catch { throw ToolFailure(error.description) }
    }
}
