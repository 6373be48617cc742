// What proxy and echo have in common: listen, serve until a signal, report.

import ArgumentParser
import UringBuffers
import UringQueue

enum ServerRun {
    static func run(
        listen: Endpoint, service: RelayService, pool: PoolOptions, observe: ObserveOptions, named name: String
    ) throws {
        DescriptorLimit.raise()
        let signals = try TerminationSignals()
        let listeners = try Listeners(on: listen)
        let monitor = PoolMonitor()
        let observer = try observe.start(monitor)
        let summary = try RelayServer.serve(
            listeners: listeners, service: service, configuration: RelayConfiguration(pool, observe), signals: signals,
            watch: observer.map { _ in RelayWatch(monitor: monitor, name: name) }
        ) {
            for address in listeners.addresses { Output.line("listening on \(address)") }
        }
        Output.line(summary.rendered(as: pool.summary))
        guard summary.balanced else { throw ExitCode(2) }
    }
}
