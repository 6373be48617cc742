// What the churn plays: the modes of a pool, and the shapes of pool and traffic that each mode goes through.

import KernelSupport
import TestSupport
import Testing
import UringBuffers

/// How the kernel uses buffers up, and whether one completion may bring several. Bundles into rings that skip the ends
/// of buffers have holes, which this test found once in 300,000 receives: the queue refuses them.
struct ChurnMode: Sendable, CustomTestStringConvertible {
    enum Use: Sendable { case whole, incremental, incrementalWithMinimum }

    let name: String
    let use: Use
    let bundles: Bool

    var testDescription: String { name }

    static let all: [ChurnMode] = [
        .init(name: "whole", use: .whole, bundles: false),
        .init(name: "whole+bundle", use: .whole, bundles: true),
        .init(name: "incremental", use: .incremental, bundles: false),
        .init(name: "incremental+bundle", use: .incremental, bundles: true),
        .init(name: "incremental+minimumLeft", use: .incrementalWithMinimum, bundles: false),
    ]

    func consumption(bufferSize: Int) -> Consumption {
        switch use {
        case .whole: .whole
        case .incremental: .incremental()
        case .incrementalWithMinimum: .incremental(minimumLeft: bufferSize / 4)
        }
    }
}

/// One pool and its traffic. Eight shapes in a row go through every kind of socket, request and refill; the sizes are
/// the seed's.
struct ChurnShape: CustomStringConvertible {
    let mode: ChurnMode
    let socket: SocketKind
    let policy: RefillPolicy
    let multishot: Bool
    let capacity: Int
    let bufferSize: Int
    let connections: Int
    /// Whether every connection charges its buffers to a tag of its own, with a limit.
    let tags: Bool

    init(_ mode: ChurnMode, number: Int, _ random: inout SplitMix64) {
        self.mode = mode
        socket = number & 1 == 0 ? .unix : .tcp
        policy = number & 2 == 0 ? .adaptive : .everything
        multishot = number & 4 == 0
        capacity = [2, 4, 16, 64, 512][random.below(5)]
        bufferSize = [24, 100, 256, 1024, 4096][random.below(5)]
        connections = 4 + random.below(13)
        tags = random.oneIn(2)
    }

    /// Bytes in one message: mostly small, sometimes several buffers.
    func messageSize(_ random: inout SplitMix64) -> Int {
        let most = random.oneIn(4) ? min(8 * bufferSize, 8192) : min(2 * bufferSize, 1024)
        return 1 + random.below(most)
    }

    var description: String {
        "\(mode.name), \(socket), \(multishot ? "multishot" : "one-shot"), \(policy), \(capacity)×\(bufferSize), "
            + "\(connections) connections\(tags ? " with tags" : "")"
    }
}

/// What happened, counted.
struct ChurnTally {
    /// Completions that brought bytes, and receives that were cancelled without.
    var receives = 0
    /// Receives that somebody cancelled, and those of them that ended without bytes.
    var cancelled = 0
    var cancelledWithoutBytes = 0
    /// Completions whose buffers were dropped unread, in whole or in part.
    var dropped = 0
    var starved = 0
    var ends = 0
    var elsewhere = 0
    var shared = 0
    var sends = 0
    var cancelledSends = 0
    /// Buffers that were not home at the end of a phase.
    var missing = 0

    static func += (sum: inout ChurnTally, other: ChurnTally) {
        sum.receives += other.receives
        sum.cancelled += other.cancelled
        sum.cancelledWithoutBytes += other.cancelledWithoutBytes
        sum.dropped += other.dropped
        sum.starved += other.starved
        sum.ends += other.ends
        sum.elsewhere += other.elsewhere
        sum.shared += other.shared
        sum.sends += other.sends
        sum.cancelledSends += other.cancelledSends
        sum.missing += other.missing
    }
}
