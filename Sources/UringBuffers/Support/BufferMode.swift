// How buffers reach the kernel: the best way that a kernel offers, and what to fall back to.

/// The ways to provide buffers, best first.
///
/// The pool itself works in the first three (``Consumption`` chooses among them). The last two say what is left for a
/// stack that must run on older kernels.
public enum BufferMode: String, Hashable, Sendable, Codable, CaseIterable {
    /// Buffer rings, filled piece by piece, that end early: streams and datagrams share buffers.
    case incrementalWithMinimum
    /// Buffer rings, filled piece by piece: streams share buffers, datagrams need whole ones.
    case incremental
    /// Buffer rings, a whole buffer for each completion.
    case wholeBuffers
    /// `IORING_OP_PROVIDE_BUFFERS`: the kernel picks, and each buffer goes back by a request.
    case providedBuffers
    /// The kernel picks nothing: each receive names its buffer.
    case callerChosen

    /// What a kernel must have for it.
    public var needs: Set<KernelFeature> {
        switch self {
        case .incrementalWithMinimum: [.bufferRings, .incremental, .minimumLeft]
        case .incremental: [.bufferRings, .incremental]
        case .wholeBuffers: [.bufferRings]
        case .providedBuffers: [.providedBuffers]
        case .callerChosen: []
        }
    }

    /// Whether ``BufferGroup`` can work so.
    public var isOffered: Bool { needs.contains(.bufferRings) }
}

extension KernelCapabilities {
    /// The best way to provide buffers on this kernel.
    public var bestMode: BufferMode {
        BufferMode.allCases.first { features.isSuperset(of: $0.needs) } ?? .callerChosen
    }
}
