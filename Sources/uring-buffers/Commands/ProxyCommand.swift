// uring-buffers proxy

import ArgumentParser

struct ProxyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Forward TCP connections both ways without copying their bytes in user space.",
        discussion: """
            The buffer that the kernel filled on one socket is the buffer that is sent on the other; it goes back to \
            the pool when the send is complete. A slow reader pauses its sender and can hold only a share of the pool. \
            Half-close is passed on. SIGINT or SIGTERM drains (a second one does not wait) and prints the books.

            Prints "listening on ADDRESS" on stdout when it is ready; port 0 lets the kernel choose.
            """)

    @Option(help: ArgumentHelp("Where to listen: host:port, [ipv6]:port or *:port.", valueName: "host:port"))
    var listen: Endpoint

    @Option(help: ArgumentHelp("Where to connect each client to.", valueName: "host:port"))
    var upstream: Endpoint

    @OptionGroup var pool: PoolOptions

    @OptionGroup var watching: ObserveOptions

    func run() throws {
        let upstreams = try upstream.resolve()
        try ServerRun.run(
            listen: listen, service: .proxy(upstreams: upstreams), pool: pool, observe: watching, named: "proxy")
    }
}
