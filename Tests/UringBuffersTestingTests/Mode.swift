// What the differential test varies.

import Testing
import UringBuffers
import UringBuffersTesting

/// How a ring is registered, and whether socket receives are bundles.
struct Mode: CustomTestStringConvertible, Sendable {
    let consumption: Consumption
    let bundles: Bool

    static let all: [Mode] = [
        Mode(consumption: .whole, bundles: false),
        Mode(consumption: .whole, bundles: true),
        Mode(consumption: .incremental(), bundles: false),
        Mode(consumption: .incremental(), bundles: true),
        Mode(consumption: .incremental(minimumLeft: 24), bundles: false),
        Mode(consumption: .incremental(minimumLeft: 24), bundles: true),
    ]

    /// The modes that a group can tell from each other's completions: a bundle over buffers that end early may skip the
    /// end of a buffer without a word (see KernelTrapTests), so nobody can say where its bytes are.
    static let legible = all.filter { !$0.bundles || $0.consumption.minimumLeft == 0 }

    var testDescription: String { "\(consumption)\(bundles ? ", bundles" : "")" }
}

/// One thing that happens to both kernels. Streams are named by their place.
enum Step {
    case arm(stream: Int, options: SimulatedReceiveOptions, limit: Int, budget: Int, tag: UInt64)
    case send(stream: Int, count: Int)
    case close(stream: Int)
    /// TCP only: the peer resets the connection.
    case reset(stream: Int)
    /// A closed stream whose receives are over becomes a new one.
    case renew(stream: Int)
    case cancel(target: UInt64, tag: UInt64)
    /// Publishes these buffers with these lengths.
    case publish([(bid: UInt16, length: Int)])
    /// Takes the ring from armed requests, or brings it back, empty.
    case unregister
    case register
    /// Enters the kernel until nothing more happens, and compares.
    case enter
}
