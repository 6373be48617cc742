// uring-buffers demo

import ArgumentParser
import Glibc
import Synchronization
import UringBuffers
import UringQueue

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a proxy between an echo server and busy clients, and watch its pool.",
        discussion: """
            Everything runs in this one process, over loopback TCP: clients send pseudo-random messages of 1 byte to \
            64 KiB through the proxy to an echo server and check every byte that comes back; some leave in the middle \
            of a message. At the end the books of both pools must balance.
            """)

    @Option(help: ArgumentHelp("How long the clients send, 1 to 3600.", valueName: "s"))
    var seconds = 10

    @Option(help: ArgumentHelp("Clients at a time, 1 to 10000.", valueName: "n"))
    var connections = 64

    @Option(help: ArgumentHelp("Replays the clients' choices.", valueName: "number"))
    var seed: UInt64?

    @OptionGroup var watching: ObserveOptions

    func validate() throws {
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be from 1 to 3600") }
        guard (1...10000).contains(connections) else { throw ValidationError("--connections must be from 1 to 10000") }
    }

    func run() throws {
        DescriptorLimit.raise()
        let signals = try TerminationSignals()
        let monitor = PoolMonitor()
        func watcher(_ name: String) -> RelayWatch? {
            watching.observe.map { _ in RelayWatch(monitor: monitor, name: name) }
        }
        let upstream = try DemoServer(.echo, observe: watching, watch: watcher("echo server"))
        let proxy = try DemoServer(
            .proxy(upstreams: [upstream.address]), observe: watching, watch: watcher("proxy"))
        let observer = try watching.start(monitor)
        defer { withExtendedLifetime(observer) {} }
        let tally = DemoTally()
        let seed = self.seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        Output.line(
            "clients ─▶ proxy \(proxy.address) ─▶ echo server \(upstream.address), all in this process; seed \(seed)")
        let count = connections
        let address = proxy.address
        let clients = try BackgroundThread {
            try DemoClients.run(count: count, address: address, seed: seed, tally: tally)
        }
        watch(tally, proxy, clients, signals)
        tally.wantsEnd.store(true, ordering: .releasing)
        let verdict = Result { try clients.join() }
        let report = DemoReport(proxy: try proxy.end(), upstream: try upstream.end(), tally: tally)
        try verdict.get()
        Output.line(report.text)
        guard report.isGood else { throw ExitCode(2) }
    }

    /// Shows progress until the time is over, the clients stop, or a signal arrives.
    private func watch(
        _ tally: DemoTally, _ proxy: DemoServer, _ clients: BackgroundThread<Void>, _ signals: TerminationSignals
    ) {
        var screen = DemoScreen()
        let start = ContinuousClock.now
        var ticks = 0
        while !clients.hasEnded, !signals.take() {
            usleep(250_000)
            let elapsed = ContinuousClock.now - start
            ticks += 1
            if let status = proxy.control.latest, ticks % (Output.isTerminal ? 1 : 4) == 0 {
                screen.show(
                    elapsed: elapsed, of: seconds, verified: tally.verifiedBytes.load(ordering: .relaxed), proxy: status
                )
            }
            if elapsed >= .seconds(seconds) { return }
        }
    }
}
