// Kernels with known bugs are not asked for what these would spoil; the bytes are the same.

import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct KnownBugTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var release: KernelRelease
        var consumption = Consumption.whole
        var limit = 0
        var isBundled: Bool
        var testDescription: String { "\(release) \(consumption) \(limit) \(isBundled)" }
    }

    @Test(arguments: [
        Case(release: KernelRelease(6, 18, 44), isBundled: true),
        Case(release: KernelRelease(6, 18, 44), limit: 800, isBundled: true),
        Case(release: KernelRelease(6, 18, 44), consumption: .incremental(), isBundled: true),
        // bundle-order
        Case(release: KernelRelease(6, 12, 30), isBundled: false),
        Case(release: KernelRelease(6, 12, 31), isBundled: true),
        Case(release: KernelRelease(6, 14, 8), isBundled: false),
        // bundle-short-entry
        Case(release: KernelRelease(6, 18, 43), limit: 800, isBundled: false),
        Case(release: KernelRelease(6, 18, 43), isBundled: true),
        // incremental-bundle-order, bundle-buffer-more
        Case(release: KernelRelease(6, 15, 9), consumption: .incremental(), isBundled: false),
        Case(release: KernelRelease(6, 18, 43), consumption: .incremental(), isBundled: false),
    ])
    func bundles(one: Case) throws {
        guard try KernelCapabilities.probe().has(.bundles) else {
            return print("SKIPPED: known bugs of bundles: this kernel has no bundles")
        }
        let queue = try UringQueue(entries: 8, avoidingBugsOf: one.release)
        let group = try BufferGroup(
            ring: queue.descriptor, id: 1, capacity: 16, bufferSize: 256, consumption: one.consumption)
        let pair = SocketPair()
        var stream = ByteStream(seed: 4)
        var incoming = stream
        pair.write(stream.next(1000))
        queue.receive(from: pair.reader, into: group, limit: one.limit, options: .bundle, tag: 1)
        try queue.wait()
        queue.forEachCompletion { completion in
            switch group.take(completion) {
            case .bundle(let bundle):
                let isNext = incoming.matches(bundle)
                #expect(one.isBundled && isNext)
            case .buffer(let buffer):
                let isNext = incoming.matches(buffer)
                #expect(!one.isBundled && isNext)
            default: Issue.record("\(completion)")
            }
        }
        #expect(one.isBundled ? incoming.position > 256 : incoming.position == 256)
        try group.close()
    }

    /// multishot-leak
    @Test(arguments: [(KernelRelease(6, 1, 6), true), (KernelRelease(6, 1, 7), false), (KernelRelease(6, 1, 10), true)])
    func multishot(release: KernelRelease, isMultishot: Bool) throws {
        let queue = try UringQueue(entries: 8, avoidingBugsOf: release)
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 16, bufferSize: 256)
        let pair = SocketPair()
        pair.write([1])
        queue.receiveMultishot(from: pair.reader, into: group, tag: 1)
        try queue.wait()
        queue.forEachCompletion { completion in
            #expect(completion.isFinal != isMultishot)
            _ = group.take(completion)
        }
        try group.close()
    }
}
