// What proxy and echo have in common: listen, serve until a signal, report.

import ArgumentParser
import UringQueue

enum ServerRun {
    static func run(listen: Endpoint, service: RelayService, pool: PoolOptions) throws {
        DescriptorLimit.raise()
        let signals = try TerminationSignals()
        let listeners = try Listeners(on: listen)
        let summary = try RelayServer.serve(
            listeners: listeners, service: service, configuration: RelayConfiguration(pool), signals: signals
        ) {
            for address in listeners.addresses { Output.line("listening on \(address)") }
        }
        Output.line(summary.rendered(as: pool.summary))
        guard summary.balanced else { throw ExitCode(2) }
    }
}
