// The ladder of buffer modes: each rung is reached by switching probes off one after another.

import Testing
import UringBuffers
import UringQueue

@Suite struct BufferModeTests {
    @Test func eachRungInTurn() {
        var kernel = KernelCapabilities(Set(KernelFeature.allCases))
        var reached = [kernel.bestMode]
        for missing: KernelFeature in [.minimumLeft, .incremental, .bufferRings, .providedBuffers] {
            kernel = kernel.without(missing)
            reached.append(kernel.bestMode)
        }
        #expect(reached == BufferMode.allCases)
    }

    @Test(arguments: [
        (KernelRelease(5, 6), BufferMode.callerChosen), (KernelRelease(5, 10, 200), .providedBuffers),
        (KernelRelease(5, 19), .wholeBuffers), (KernelRelease(6, 11, 9), .wholeBuffers),
        (KernelRelease(6, 12), .incremental), (KernelRelease(6, 18), .incremental),
        (KernelRelease(7, 1), .incrementalWithMinimum),
    ])
    func ofOldKernels(release: KernelRelease, mode: BufferMode) {
        #expect(KernelCapabilities.documented(for: release).bestMode == mode)
    }

    /// A mode is only chosen where everything that it needs is there, whatever else is.
    @Test func neverMoreThanTheKernelHas() {
        let four: [KernelFeature] = [.bufferRings, .incremental, .minimumLeft, .providedBuffers]
        for bits in 0..<16 {
            let features = Set(four.indices.filter { bits >> $0 & 1 == 1 }.map { four[$0] })
            let mode = KernelCapabilities(features).bestMode
            #expect(features.isSuperset(of: mode.needs))
            let better = BufferMode.allCases.prefix { $0 != mode }
            #expect(better.allSatisfy { !features.isSuperset(of: $0.needs) }, "\(features): \(mode)")
            #expect(mode.usesRing == features.contains(.bufferRings))
        }
    }

    /// What the ladder says of the running kernel is what a group can be made with.
    @Test func theBestModeWorksHere() throws {
        let mode = try KernelCapabilities.probe().bestMode
        try #require(mode.usesRing)
        let consumption: Consumption =
            switch mode {
            case .incrementalWithMinimum: .incremental(minimumLeft: 32)
            case .incremental: .incremental()
            default: .whole
            }
        let queue = try UringQueue(entries: 4)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 64, consumption: consumption)
        #expect(group.available > 0)
        try group.close()
    }
}
