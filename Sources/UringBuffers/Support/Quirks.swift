// Known kernel bugs around buffer selection, as data.

/// One known bug: which kernels have it, what goes wrong, and what is better not done there.
///
/// The releases err on the side of caution: where no report says which stable release brought a fix, everything before
/// the first release that is known to be good counts as affected, and a distribution may have patched its own.
public struct Quirk: Hashable, Sendable {
    public let id: String
    /// The releases that have it, each range without its end.
    public let affected: [Range<KernelRelease>]
    /// What happens, in one sentence.
    public let problem: String
    /// What is not to be used on those kernels.
    public let switchedOff: Set<Combination>
    /// A feature whose presence shows that the kernel is patched, whatever its release says.
    public let solvedBy: KernelFeature?
    /// Whether the pool and `BufferSelection` refuse it on every kernel.
    public let isAlwaysRefused: Bool
    /// Where it is told: an issue of liburing, or a rule of ours with a test that shows it.
    public let reference: String

    init(
        _ id: String, _ affected: [Range<KernelRelease>], off switchedOff: Set<Combination>,
        solvedBy: KernelFeature? = nil, refused isAlwaysRefused: Bool = false, reference: String, _ problem: String
    ) {
        self.id = id
        self.affected = affected
        self.problem = problem
        self.switchedOff = switchedOff
        self.solvedBy = solvedBy
        self.isAlwaysRefused = isAlwaysRefused
        self.reference = reference
    }

    public func affects(_ release: KernelRelease) -> Bool { affected.contains { $0.contains(release) } }
}

extension KernelCapabilities {
    /// The known bugs of that release that matter with these abilities.
    public func quirks(for release: KernelRelease) -> [Quirk] {
        Quirk.known.filter { quirk in
            quirk.affects(release) && !(quirk.solvedBy.map(has) ?? false)
                && quirk.switchedOff.contains { features.isSuperset(of: $0.needs) }
        }
    }

    /// Whether something is possible here and no known bug of that release spoils it.
    public func allows(_ combination: Combination, on release: KernelRelease) -> Bool {
        features.isSuperset(of: combination.needs)
            && !quirks(for: release).contains { $0.switchedOff.contains(combination) }
    }
}

extension Quirk {
    /// All that we know of, oldest kernels first.
    public static let known: [Quirk] = [
        Quirk(
            "multishot-leak", [since(6, 1, 7)..<since(6, 1, 10)], off: [.multishotReceives], reference: liburing(778),
            "A race in polling loses buffers of multishot receives: the group starves for ever."),
        Quirk(
            "fixed-read-offset", [since(6, 5)..<since(6, 6, 4)], off: [.fixedBufferReads], reference: liburing(994),
            "Reads that begin at the second page of a fixed buffer fail or land elsewhere."),
        Quirk(
            "bundle-short-entry", [since(6, 10)..<since(6, 18, 44), since(6, 19)..<since(7, 2)],
            off: [.bundlesWithLength], reference: "the kernel's io_uring mailing list, 2026",
            "A bundle with a length leaves the shortened entry in the ring when nothing was received."),
        Quirk(
            "bundle-order", [since(6, 12, 11)..<since(6, 12, 31), since(6, 13, 11)..<since(6, 14, 9)],
            off: [.bundles], reference: liburing(1409), "Bundles name their buffers out of order: bytes are mixed up."),
        Quirk(
            "incremental-bundle-order", [since(6, 12, 11)..<since(6, 13), since(6, 13, 11)..<since(6, 16)],
            off: [.incrementalBundles], reference: liburing(1423),
            "Bundles into incremental buffers name their buffers out of order: bytes are mixed up."),
        Quirk(
            "bundle-buffer-more", [since(6, 12)..<since(6, 18, 44), since(6, 19)..<since(7, 1)],
            off: [.incrementalBundles], reference: "the kernel's io_uring mailing list, spring 2026",
            "A bundle that the kernel tries twice says that a buffer is finished although the kernel keeps it."),
        Quirk(
            "multishot-order", [since(6, 12)..<since(6, 15)], off: [.incrementalMixedReceives],
            reference: "the kernel's io_uring mailing list, May 2025",
            "A multishot completion overtakes a finished one-shot receive: offsets in the buffer are taken wrongly."),
        Quirk(
            "endless-buffer", [since(6, 12)..<since(6, 17)], off: [.incrementalOver2GiB],
            reference: "the kernel's io_uring mailing list, August 2025",
            "The length of an incremental buffer above 2 GiB is compared as a negative number."),
        Quirk(
            "buffer-flag-on-failed-read", [since(6, 12)..<since(6, 17)], off: [.readsFromSockets],
            reference: liburing(1530), "A failed read of a socket names a buffer that it did not take."),
        Quirk(
            "end-of-file-buffer-more", [since(6, 12)..<since(6, 18, 44), since(6, 19)..<since(7, 1)],
            off: [.incrementalReads], reference: liburing(1545) + ", " + liburing(1553),
            "A read that finds the end says that the buffer is finished although the kernel keeps it."),
        Quirk(
            "incremental-header", [since(6, 12)..<newest], off: [.incrementalMessages], solvedBy: .minimumLeft,
            reference: liburing(1433), "recvmsg fails with EFAULT when the rest of a buffer is smaller than its header."
        ),
        Quirk(
            "incremental-length", [since(6, 12)..<newest], off: [.incrementalLengths], refused: true,
            reference: liburing(1555),
            "The kernel moves on by the length that was asked for, and the completion tells only what was read."),
        Quirk(
            "incremental-truncation", [since(6, 12)..<newest], off: [.incrementalTruncation], refused: true,
            reference: liburing(1619),
            "The kernel moves on by the datagram's full size: following buffers are used up without bytes."),
        Quirk(
            "incremental-wait-all", [since(6, 12)..<newest], off: [.incrementalWaitingForAll], refused: true,
            reference: "SelectionRefusal.incrementalWaitAll and its test",
            "The kernel gives bytes that it is still filling to another receive."),
        Quirk(
            "bundle-wait-all", [since(6, 10)..<newest], off: [.bundlesWaitingForAll], refused: true,
            reference: "SelectionRefusal.bundleWaitAll and its test",
            "The kernel fills buffers that stay available: the next receive overwrites them."),
        Quirk(
            "table-end-while-sending", [since(6, 13)..<since(6, 14)], off: [.endingFixedBuffersWhileSending],
            reference: "liburing's test sendzc-bug",
            "The end of a table frees pages that a zero-copy send still reads."),
    ]

    /// No fix is known in any release.
    private static let newest = KernelRelease(.max, 0)

    private static func since(_ major: Int, _ minor: Int, _ patch: Int = 0) -> KernelRelease {
        KernelRelease(major, minor, patch)
    }

    private static func liburing(_ issue: Int) -> String { "https://github.com/axboe/liburing/issues/\(issue)" }
}
