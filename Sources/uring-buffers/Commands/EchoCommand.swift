// uring-buffers echo

import ArgumentParser

struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Send back whatever TCP clients send, out of the buffers it arrived in.",
        discussion: """
            SIGINT or SIGTERM drains (a second one does not wait) and prints the books.

            Prints "listening on ADDRESS" on stdout when it is ready; port 0 lets the kernel choose.
            """)

    @Option(help: ArgumentHelp("Where to listen: host:port, [ipv6]:port or *:port.", valueName: "host:port"))
    var listen: Endpoint

    @OptionGroup var pool: PoolOptions

    @OptionGroup var watching: ObserveOptions

    func run() throws {
        try ServerRun.run(listen: listen, service: .echo, pool: pool, observe: watching, named: "echo")
    }
}
