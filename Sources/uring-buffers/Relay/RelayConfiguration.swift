// What a relay is told.

import UringBuffers
import UringQueue

/// What happens to the bytes of a client.
enum RelayService {
    /// They go back to it.
    case echo
    /// They go to the first of these addresses that accepts a connection, and its bytes to the client.
    case proxy(upstreams: [SocketAddress])

    /// Directions of a connection, each of which holds buffers.
    var flowsPerConnection: Int {
        switch self {
        case .echo: 1
        case .proxy: 2
        }
    }
}

struct RelayConfiguration {
    var buffers = 4096
    var bufferSize = 4096
    var refill = RefillPolicy.adaptive
    var ringMemory = RingMemoryKind.application
    var consumption = Consumption.whole
    /// How the kernel is told of buffers; `nil` for the best way that it has.
    var mode: BufferMode?
    var bundles = true
    var send = SendKind.plain
    var level = AccountingLevel.counters
    /// What goes wrong on purpose.
    var plant: Plant?
}

/// How bytes leave.
enum SendKind: String, CaseIterable {
    /// The kernel copies them; the buffer goes back at once.
    case plain
    /// The network reads them in the buffer, which goes back when the peer has them.
    case zerocopy
}

extension RelayConfiguration {
    init(_ options: PoolOptions, _ observe: ObserveOptions) {
        self.init(
            buffers: options.buffers, bufferSize: options.bufferSize, refill: options.refill,
            ringMemory: options.ringMemory, consumption: options.consumption.value, mode: options.mode,
            bundles: options.bundles, send: options.send, level: observe.level, plant: observe.plant)
    }
}
