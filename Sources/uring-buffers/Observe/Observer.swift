// Serves the books over HTTP, on threads that own no pool.

import Dispatch
import FlyingFox
import FlyingSocks
import Foundation
import Synchronization
import UringBuffers
import UringQueue

/// An HTTP server that answers with what a monitor sees, from its beginning to the end of the process.
final class Observer: Sendable {
    /// Where a browser finds the live page.
    let url: String
    /// Whether only this machine can.
    let isLocal: Bool

    /// Returns when browsers can connect.
    init(on endpoint: Endpoint, monitor: PoolMonitor) throws {
        // Never empty: the resolver would have failed.
        let wanted = try endpoint.resolve(forListening: true)[0]
        let server: HTTPServer
        do {
            server = HTTPServer(
                config: HTTPServer.Configuration(
                    address: try Observer.address(wanted.host, UInt16(wanted.port)), logger: .disabled),
                handler: Answers(monitor: monitor))
        } catch { throw Observer.failure(error, endpoint) }
        let start = Start()
        Task.detached {
            do { try await server.run() } catch { start.end(.failure(error)) }
        }
        Task.detached {
            do {
                try await server.waitUntilListening(timeout: 10)
                start.end(.success(await server.listeningAddress?.port ?? UInt16(wanted.port)))
            } catch { start.end(.failure(error)) }
        }
        do {
            let bound = wanted.withPort(Int(try start.wait()))
            isLocal = bound.host.hasPrefix("127.") || bound.host == "::1"
            url = "http://\(bound)/"
        } catch { throw Observer.failure(error, endpoint) }
    }

    private static func address(_ host: String, _ port: UInt16) throws -> any FlyingSocks.SocketAddress {
        host.contains(":")
            ? try sockaddr_in6.inet6(ip6: host, port: port) : try sockaddr_in.inet(ip4: host, port: port)
    }

    private static func failure(_ error: any Error, _ endpoint: Endpoint) -> ToolFailure {
        guard case SocketError.failed(_, let number, _)? = error as? SocketError else {
            return ToolFailure("cannot show the books on \(endpoint): \(error)")
        }
        return ToolFailure("cannot show the books on \(endpoint): \(UringError(.socket, errno: number).reason)")
    }

    /// How the server started: the port, or why it did not.
    private final class Start: Sendable {
        private let outcome = Mutex<Result<UInt16, any Error>?>(nil)
        private let isKnown = DispatchSemaphore(value: 0)

        /// The first outcome counts.
        func end(_ known: Result<UInt16, any Error>) {
            outcome.withLock { if $0 == nil { $0 = known } }
            isKnown.signal()
        }

        func wait() throws -> UInt16 {
            isKnown.wait()
            // Never nil: stored before the signal.
            return try outcome.withLock { $0! }.get()
        }
    }
}

extension FlyingSocks.Socket.Address {
    fileprivate var port: UInt16? {
        switch self {
        case .ip4(_, let port), .ip6(_, let port): port
        case .unix: nil
        }
    }
}
