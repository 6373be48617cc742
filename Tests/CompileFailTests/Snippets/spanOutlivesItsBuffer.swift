// expect: lifetime-dependent variable 'kept' escapes its scope
import UringBuffers

func read(_ group: borrowing BufferGroup) -> Int {
    var kept: RawSpan?
    if case .buffer(var buffer) = group.take(result: 1, flags: .buffer) {
        _ = buffer.mutableBytes
        kept = buffer.bytes
    }
    return kept?.byteCount ?? 0
}
