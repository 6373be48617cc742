// Broken rules end the process; these look at what it said.

import KernelSupport
import Testing
import UringBuffers
import UringQueue

/// What a process that trapped wrote to its standard error.
func message(_ result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

/// A group with one filled buffer, for code in a child process.
final class OneBuffer: @unchecked Sendable {
    // @unchecked: tests that use one on two threads do so in turn, or on purpose.
    let ring: BareRing
    let pair = SocketPair()
    let group: BufferGroup
    private(set) var result: Int32 = 0
    private(set) var flags: CompletionFlags = []

    init(capacity: Int = 8, bufferSize: Int = 64) throws {
        ring = try BareRing()
        group = try BufferGroup(ring: ring.descriptor, id: 6, capacity: capacity, bufferSize: bufferSize)
        try receive()
    }

    /// Fills one more.
    func receive() throws {
        pair.write([1, 2, 3])
        ring.receive(from: pair.reader, into: group, multishot: false, bundle: false, tag: 1)
        let completion = try ring.completions(atLeast: 1)[0]
        (result, flags) = (completion.result, completion.flags)
    }

    func take() -> ProvidedBuffer {
        guard case .buffer(let buffer) = group.take(result: result, flags: flags) else { fatalError("no buffer") }
        return buffer
    }
}
