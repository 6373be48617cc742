// The options that every server command shares.

public import ArgumentParser
import RingArithmetic
public import UringBuffers

struct PoolOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Buffers in the pool: a power of two from 1 to 32768.", valueName: "n"))
    var buffers = 4096

    @Option(help: ArgumentHelp("Bytes in each buffer.", valueName: "bytes"))
    var bufferSize = 4096

    @Option(
        help: ArgumentHelp(
            "Which buffers are published: adaptive (a window of the warmest) or everything (the classic way).",
            valueName: "policy"))
    var refill = RefillPolicy.adaptive

    @Option(
        help: ArgumentHelp("Who allocates the ring's entries: application or kernel.", valueName: "kind"))
    var ringMemory = RingMemoryKind.application

    @Flag(
        inversion: .prefixedNo,
        help: "Let one completion deliver several buffers (needs Linux 6.10; ignored where the kernel cannot).")
    var bundles = true

    @Option(
        help: ArgumentHelp(
            "How much of a buffer one receive takes: whole, or incremental, where the next goes on behind it (needs Linux "
                + "6.12).",
            valueName: "kind"))
    var consumption = ConsumptionKind.whole

    @Option(
        help: ArgumentHelp(
            "How bytes leave: plain, or zerocopy, where the network reads them in the buffers until the peer has "
                + "acknowledged them, as far as a connection's share of the pool goes (needs Linux 6.1; loopback copies).",
            valueName: "kind"))
    var send = SendKind.plain

    @Option(
        name: .customLong("mode"),
        help: ArgumentHelp(
            "For tests: how the kernel is told of buffers.", valueName: "mode", visibility: .hidden))
    var mode: BufferMode?

    @Option(help: ArgumentHelp("How the final books are printed: text or json (one line).", valueName: "format"))
    var summary = SummaryFormat.text

    func validate() throws {
        guard (try? RingCapacity(buffers)) != nil else {
            throw ValidationError("--buffers must be a power of two from 1 to 32768, not \(buffers)")
        }
        guard (1...(1 << 30)).contains(bufferSize) else {
            throw ValidationError("--buffer-size must be from 1 to 1073741824 bytes, not \(bufferSize)")
        }
    }
}

enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// ``Consumption`` on the command line. Streams of bytes need no minimum that is left.
enum ConsumptionKind: String, ExpressibleByArgument, CaseIterable {
    case whole, incremental

    var value: Consumption { self == .whole ? .whole : .incremental() }
}

extension SendKind: ExpressibleByArgument {}
extension BufferMode: ExpressibleByArgument {}
extension RefillPolicy: ExpressibleByArgument {}
extension RingMemoryKind: ExpressibleByArgument {}
