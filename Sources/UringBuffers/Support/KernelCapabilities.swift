// What the running kernel can do, found out by asking it.

/// The abilities of a kernel: a plain value, probed or made by hand.
///
/// ```swift
/// let kernel = try KernelCapabilities.probe().usable(on: .current)
/// let mode = kernel.bestMode                       // .incrementalWithMinimum on a new kernel
/// let bundled = kernel.has(.bundles)
/// let old = KernelCapabilities.documented(for: KernelRelease(6, 1))   // for tests
/// ```
public struct KernelCapabilities: Hashable, Sendable {
    public var features: Set<KernelFeature>
    /// The most slots of a table of fixed buffers (`IORING_MAX_REG_BUFFERS`); 0 without ``KernelFeature/fixedBuffers``.
    public var fixedBufferSlots: Int

    /// The most bytes of one slot. The kernel's own constant; it answers `EFAULT` above it, as for memory that is not
    /// there, so that it cannot be probed without a gigabyte to spare.
    public static let fixedBufferBytes = 1 << 30

    /// Made by hand.
    public init(_ features: Set<KernelFeature>, fixedBufferSlots: Int? = nil) {
        self.features = features
        self.fixedBufferSlots =
            features.contains(.fixedBuffers) ? fixedBufferSlots ?? FixedBufferTable.mostSlots : 0
    }

    /// A kernel that can do nothing.
    public static let nothing = KernelCapabilities([])

    /// What Linux of that release can do when nobody patched it.
    public static func documented(for release: KernelRelease) -> KernelCapabilities {
        KernelCapabilities(Set(KernelFeature.allCases.filter { $0.since <= release }))
    }

    public func has(_ feature: KernelFeature) -> Bool { features.contains(feature) }

    /// The same kernel without some of its abilities.
    public func without(_ missing: KernelFeature...) -> KernelCapabilities {
        KernelCapabilities(features.subtracting(missing), fixedBufferSlots: fixedBufferSlots)
    }

    /// Without what a known bug of that release makes useless.
    public func usable(on release: KernelRelease) -> KernelCapabilities {
        let broken = quirks(for: release).flatMap(\.switchedOff).compactMap(\.feature)
        return KernelCapabilities(features.subtracting(broken), fixedBufferSlots: fixedBufferSlots)
    }
}

/// Features by name, in the order of ``KernelFeature``. A name that is not known is an error.
extension KernelCapabilities: Codable {
    private enum CodingKeys: String, CodingKey { case features, fixedBufferSlots }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            Set(try values.decode([KernelFeature].self, forKey: .features)),
            fixedBufferSlots: try values.decode(Int.self, forKey: .fixedBufferSlots))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(KernelFeature.allCases.filter(has), forKey: .features)
        try values.encode(fixedBufferSlots, forKey: .fixedBufferSlots)
    }
}
