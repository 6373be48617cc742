// What the queue does not ask of kernels with known bugs.

internal import UringBuffers

/// Which ways to receive work on a release of Linux, as far as its known bugs go (``Quirk``). What does not is left out
/// of the request: the receive then brings less at a time, and the right bytes.
struct SoundReceives {
    let multishot: Bool
    let bundles: Bool
    let bundlesWithLength: Bool
    let incrementalBundles: Bool

    init(on release: KernelRelease) {
        let spoiled = Quirk.known.filter { $0.affects(release) }.reduce(into: Set()) { $0.formUnion($1.switchedOff) }
        multishot = !spoiled.contains(.multishotReceives)
        bundles = !spoiled.contains(.bundles)
        bundlesWithLength = bundles && !spoiled.contains(.bundlesWithLength)
        incrementalBundles = bundles && !spoiled.contains(.incrementalBundles)
    }

    static let here = SoundReceives(on: .current)

    func mayBundle(limit: Int, isIncremental: Bool) -> Bool {
        (limit == 0 ? bundles : bundlesWithLength) && (!isIncremental || incrementalBundles)
    }
}
