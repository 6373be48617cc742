// The table of known kernel bugs, and what it switches off where.

import Testing
import UringBuffers

@Suite struct QuirkTests {
    private let everything = KernelCapabilities(Set(KernelFeature.allCases))

    private func ids(_ release: KernelRelease, _ kernel: KernelCapabilities? = nil) -> Set<String> {
        Set((kernel ?? everything).quirks(for: release).map(\.id))
    }

    @Test func theTableIsInOrder() {
        #expect(Set(Quirk.known.map(\.id)).count == Quirk.known.count)
        for quirk in Quirk.known {
            #expect(!quirk.affected.isEmpty && quirk.affected.allSatisfy { !$0.isEmpty }, "\(quirk.id)")
            #expect(zip(quirk.affected, quirk.affected.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
            #expect(!quirk.switchedOff.isEmpty && !quirk.problem.isEmpty && !quirk.reference.isEmpty, "\(quirk.id)")
        }
    }

    /// The first and last release that is affected, and their neighbours.
    @Test(arguments: [
        ("bundle-order", KernelRelease(6, 12, 10), false), ("bundle-order", KernelRelease(6, 12, 11), true),
        ("bundle-order", KernelRelease(6, 12, 30), true), ("bundle-order", KernelRelease(6, 12, 31), false),
        ("bundle-order", KernelRelease(6, 13, 10), false), ("bundle-order", KernelRelease(6, 13, 11), true),
        ("bundle-order", KernelRelease(6, 14, 8), true), ("bundle-order", KernelRelease(6, 14, 9), false),
        ("bundle-order", KernelRelease(6, 15), false),
        ("multishot-leak", KernelRelease(6, 1, 6), false), ("multishot-leak", KernelRelease(6, 1, 7), true),
        ("multishot-leak", KernelRelease(6, 1, 10), false), ("multishot-leak", KernelRelease(6, 2), false),
        ("end-of-file-buffer-more", KernelRelease(6, 18, 43), true),
        ("end-of-file-buffer-more", KernelRelease(6, 18, 44), false),
        ("end-of-file-buffer-more", KernelRelease(6, 19, 3), true),
        ("end-of-file-buffer-more", KernelRelease(7, 1), false),
        ("incremental-length", KernelRelease(6, 11), false), ("incremental-length", KernelRelease(99, 0), true),
    ])
    func edges(id: String, release: KernelRelease, isAffected: Bool) {
        #expect(ids(release).contains(id) == isAffected)
    }

    @Test func aBugOfWhatTheKernelLacksDoesNotMatter() {
        let release = KernelRelease(6, 14)
        #expect(ids(release).contains("bundle-order"))
        #expect(!ids(release, everything.without(.bundles)).contains("bundle-order"))
        #expect(!ids(release, everything.without(.incremental)).contains("incremental-length"))
        #expect(ids(release, .nothing).isEmpty)
    }

    @Test func aProbeCanShowThatAKernelIsPatched() {
        let release = KernelRelease(6, 18, 44)
        #expect(!ids(release).contains("incremental-header"))
        #expect(ids(release, everything.without(.minimumLeft)).contains("incremental-header"))
    }

    @Test func combinationsAreSwitchedOff() {
        let kernel = KernelCapabilities.documented(for: KernelRelease(6, 14))
        #expect(!kernel.allows(.bundles, on: KernelRelease(6, 14, 8)))
        #expect(kernel.allows(.bundles, on: KernelRelease(6, 14, 9)))
        #expect(!kernel.allows(.incrementalBundles, on: KernelRelease(6, 14, 9)))
        #expect(!kernel.without(.bundles).allows(.bundles, on: KernelRelease(6, 14, 9)))
        for combination in Combination.allCases where combination != .bundles {
            #expect(!KernelCapabilities.nothing.allows(combination, on: KernelRelease(6, 18, 44)))
        }
    }

    @Test func whatIsUselessIsTakenAway() {
        let kernel = KernelCapabilities.documented(for: KernelRelease(6, 14))
        #expect(kernel.usable(on: KernelRelease(6, 14, 8)) == kernel.without(.bundles))
        #expect(kernel.usable(on: KernelRelease(6, 14, 9)) == kernel)
        let old = KernelCapabilities.documented(for: KernelRelease(6, 1))
        #expect(old.usable(on: KernelRelease(6, 1, 8)) == old.without(.multishotReceive))
    }

    @Test(arguments: [
        ("6.18.44-fc-v595", KernelRelease(6, 18, 44)), ("6.8.0-45-generic", KernelRelease(6, 8, 0)),
        ("7.1-rc3", KernelRelease(7, 1)), ("6.1", KernelRelease(6, 1)), ("5.19.17", KernelRelease(5, 19, 17)),
        ("6.6.87.2-microsoft-standard-WSL2", KernelRelease(6, 6, 87)), ("6.12+", KernelRelease(6, 12)),
    ])
    func releasesAreRead(text: String, release: KernelRelease) { #expect(KernelRelease(text) == release) }

    @Test(arguments: ["", "6", "six.one", "-6.1", ".", "99999999999999999999.1"])
    func whatIsNoRelease(text: String) { #expect(KernelRelease(text) == nil) }

    @Test func releasesCompareByNumber() {
        #expect(KernelRelease(6, 9) < KernelRelease(6, 10))
        #expect(KernelRelease(6, 12, 9) < KernelRelease(6, 12, 31))
        #expect(KernelRelease(5, 19, 17) < KernelRelease(6, 0))
        #expect(KernelRelease.current > KernelRelease(5, 19), "this library cannot be tested on less")
        #expect("\(KernelRelease(6, 18, 44))" == "6.18.44" && "\(KernelRelease(7, 1))" == "7.1")
    }
}
