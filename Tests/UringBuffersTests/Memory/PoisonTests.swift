// Under the address sanitizer, a pointer that escaped is caught where it is used.

import CUring
import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

/// Only in a sanitizer's build: `Scripts/sanitize` demands that they ran.
@Suite(.enabled(if: curing_poisons() == 1, "needs the address sanitizer: Scripts/sanitize runs it"))
struct PoisonTests {
    enum End: String, CaseIterable, Codable {
        case recycled, returnedElsewhere, segment, bundle, shared, neverTaken
    }

    /// Reads through a pointer that outlived its buffer, while the kernel may already fill that buffer again.
    @Test(arguments: End.allCases)
    func aReadThroughAnEscapedPointerIsReported(end: End) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            [end = end as End] in
            try PoisonTests.escape(end)
        }
        let text = message(result)
        #expect(text.contains("use-after-poison"), "\(text)")
        #expect(text.contains("PoisonTests.swift"), "the report names the Swift line")
    }

    private static func escape(_ end: End) throws {
        let ring = try BareRing()
        let pair = SocketPair()
        let group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: 4, bufferSize: 64,
            consumption: end == .segment ? .incremental() : .whole)
        pair.write(Array(repeating: 1, count: end == .bundle ? 200 : 64))
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: end == .bundle, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        var escaped = unsafe UnsafePointer<UInt8>(bitPattern: 1)!
        switch group.take(completion) {
        case .buffer(let buffer):
            unsafe escaped = address(buffer)
            guard unsafe escaped.pointee == 1 else { exit(0) }
            switch end {
            case .returnedElsewhere:
                let handoff = Handoff(buffer)
                onOtherThread { handoff.end() }
            case .shared: _ = buffer.share()
            case .neverTaken: unsafe escaped += 64
            default: buffer.recycle()
            }
        case .bundle(var bundle):
            while let buffer = bundle.next() { unsafe escaped = address(buffer) }
        default: exit(0)
        }
        // The kernel fills poisoned buffers without a report, and what it fills becomes readable when it is taken.
        pair.write([2])
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        if case .buffer(let other) = group.take(try ring.completions(atLeast: 1)[0]) {
            guard unsafe [1, 2].contains(address(other).pointee) else { exit(0) }
        }
        print(unsafe escaped.pointee)
    }

    private static func address(_ buffer: borrowing ProvidedBuffer) -> UnsafePointer<UInt8> {
        // Not `load(as:)`: in debug builds that is a call into the standard library, which is not instrumented.
        unsafe buffer.withUnsafeBytes { unsafe $0.baseAddress!.assumingMemoryBound(to: UInt8.self) }
    }
}
