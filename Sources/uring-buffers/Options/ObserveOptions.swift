// The options of every command that can be watched.

public import ArgumentParser
public import UringBuffers

struct ObserveOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Show the books over HTTP: a live page, /metrics, /snapshot.json, /healthz. A port alone is one of this "
                + "machine only (127.0.0.1).", valueName: "host:port"))
    var observe: ObservedEndpoint?

    @Option(
        help: ArgumentHelp(
            "What the books know of each buffer: counters (its state), timed (since when it is held, and by whom) or "
                + "forensic (also its last steps). (default: timed with --observe, else counters)", valueName: "level"))
    var books: AccountingLevel?

    @Option(help: ArgumentHelp("For tests: a fault that the books must show.", visibility: .hidden))
    var plant: Plant?

    var level: AccountingLevel { books ?? (observe == nil ? .counters : .timed) }

    /// Starts to serve what `monitor` sees, if that is wanted, and says where.
    func start(_ monitor: PoolMonitor) throws -> Observer? {
        guard let observe else { return nil }
        let observer = try Observer(on: observe.endpoint, monitor: monitor)
        Output.line(
            "watch at \(observer.url)" + (observer.isLocal ? "" : " (anybody who reaches this address can, too)"))
        return observer
    }
}

/// `host:port`, or a port of the loopback interface.
struct ObservedEndpoint: ExpressibleByArgument {
    let endpoint: Endpoint

    init?(argument: String) {
        let port = argument.hasPrefix(":") ? argument.dropFirst() : argument[...]
        guard let made = Endpoint(argument: port.contains(":") ? argument : "127.0.0.1:\(port)") else { return nil }
        endpoint = made
    }
}

/// What goes wrong on purpose.
enum Plant: String, ExpressibleByArgument, CaseIterable {
    /// One buffer is never given back.
    case leak
    /// One buffer is counted twice.
    case doubleCount = "double-count"
}

extension AccountingLevel: ExpressibleByArgument {}
