// How buffers reach the kernel: the best way that a kernel offers, and what to fall back to.

/// The ways to provide buffers, best first.
///
/// A ``BufferGroup`` works in the first three on any ring (``Consumption`` chooses among them), and in the last two, for
/// older kernels, on a queue of the UringQueue module, with the same handles.
public enum BufferMode: String, Hashable, Sendable, Codable, CaseIterable {
    /// Buffer rings, filled piece by piece, that end early: streams and datagrams share buffers.
    case incrementalWithMinimum
    /// Buffer rings, filled piece by piece: streams share buffers, datagrams need whole ones.
    case incremental
    /// Buffer rings, a whole buffer for each completion.
    case wholeBuffers
    /// `IORING_OP_PROVIDE_BUFFERS`: the kernel picks, and each buffer goes back by a request.
    case providedBuffers
    /// The kernel picks nothing: whoever receives names the buffer, when there is something to receive.
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

    /// Whether the kernel reads a buffer ring; otherwise requests tell it of buffers.
    public var usesRing: Bool { needs.contains(.bufferRings) }

    /// How much of a buffer one completion takes. The minimum is for ``incrementalWithMinimum``.
    public func consumption(minimumLeft: Int = 0) -> Consumption {
        switch self {
        case .incrementalWithMinimum: .incremental(minimumLeft: minimumLeft)
        case .incremental: .incremental()
        case .wholeBuffers, .providedBuffers, .callerChosen: .whole
        }
    }
}

extension KernelCapabilities {
    /// The best way to provide buffers on this kernel.
    public var bestMode: BufferMode { bestMode(from: .incrementalWithMinimum) }

    /// The best way on this kernel that is `first` or comes after it: ``BufferMode/wholeBuffers`` for who wants no pieces.
    public func bestMode(from first: BufferMode) -> BufferMode {
        BufferMode.allCases.drop { $0 != first }.first { features.isSuperset(of: $0.needs) } ?? .callerChosen
    }
}
