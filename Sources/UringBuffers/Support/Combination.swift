// Ways to use buffer selection that a known kernel bug spoils.

/// Something that works in itself and goes wrong on some kernels.
public enum Combination: String, Hashable, Sendable, Codable, CaseIterable {
    /// Multishot receives on buffer rings.
    case multishotReceives
    /// Bundled receives.
    case bundles
    /// Bundled receives with a length.
    case bundlesWithLength
    /// Bundled receives that wait for all bytes (`MSG_WAITALL`).
    case bundlesWaitingForAll
    /// Bundled receives into incremental buffers.
    case incrementalBundles
    /// Multishot `recvmsg` into incremental buffers.
    case incrementalMessages
    /// `read` into incremental buffers.
    case incrementalReads
    /// `read` with a length, from regular files or on worker threads, into incremental buffers.
    case incrementalLengths
    /// Receives that tell a datagram's full size (`MSG_TRUNC`) into incremental buffers.
    case incrementalTruncation
    /// Receives that wait for all bytes (`MSG_WAITALL`) into incremental buffers.
    case incrementalWaitingForAll
    /// Incremental buffers larger than 2 GiB.
    case incrementalOver2GiB
    /// One-shot and multishot receives into one incremental group.
    case incrementalMixedReceives
    /// `read` with buffer selection from sockets; `recv` is right.
    case readsFromSockets
    /// `read` into fixed buffers that begins within a slot.
    case fixedBufferReads
    /// Ending a table of fixed buffers while a zero-copy send uses it.
    case endingFixedBuffersWhileSending
}

extension Combination {
    /// What is lost as a whole when this is switched off.
    var feature: KernelFeature? {
        switch self {
        case .multishotReceives: .multishotReceive
        case .bundles: .bundles
        default: nil
        }
    }

    /// What a kernel must have for this to be possible at all.
    var needs: Set<KernelFeature> {
        switch self {
        case .multishotReceives: [.bufferRings, .multishotReceive]
        case .bundles, .bundlesWithLength, .bundlesWaitingForAll: [.bufferRings, .bundles]
        case .incrementalBundles: [.bufferRings, .incremental, .bundles]
        case .incrementalMessages, .incrementalReads, .incrementalLengths, .incrementalTruncation,
            .incrementalWaitingForAll, .incrementalOver2GiB, .incrementalMixedReceives:
            [.bufferRings, .incremental]
        case .readsFromSockets: [.bufferRings]
        case .fixedBufferReads: [.fixedBuffers]
        case .endingFixedBuffersWhileSending: [.fixedBuffers, .zeroCopySend]
        }
    }
}
