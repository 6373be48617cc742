// A relay on a thread of its own.

import Glibc
import Synchronization
import UringQueue

final class DemoServer: Sendable {
    let control = RelayControl()
    let address: SocketAddress
    private let thread: BackgroundThread<Summary>

    /// Starts the server on a free port of the loopback interface; returns when clients can connect.
    init(_ service: RelayService, observe: ObserveOptions, watch: RelayWatch?) throws {
        let box = Started()
        let control = control
        var configuration = RelayConfiguration()
        configuration.level = observe.level
        if case .proxy = service { configuration.plant = observe.plant }
        thread = try BackgroundThread { [configuration] in
            // The listeners live as long as the server.
            let listeners = try Listeners(on: Endpoint(argument: "127.0.0.1:0")!)
            let address = listeners.addresses[0]
            return try RelayServer.serve(
                listeners: listeners, service: service, configuration: configuration, signals: nil,
                control: control, watch: watch
            ) { box.address.withLock { $0 = address } }
        }
        while true {
            if let address = box.address.withLock({ $0 }) {
                self.address = address
                return
            }
            if thread.hasEnded {
                _ = try thread.join()
                throw ToolFailure("a server of the demo ended before it began")
            }
            usleep(1000)
        }
    }

    /// Drains the server and returns its books.
    func end() throws -> Summary {
        control.end()
        return try thread.join()
    }

    private final class Started: Sendable {
        let address = Mutex<SocketAddress?>(nil)
    }
}
