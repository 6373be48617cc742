// expect: lifetime-dependent variable 'kept' escapes its scope
import UringBuffers

func read(_ buffer: consuming ProvidedBuffer) -> Int {
    var kept: RawSpan?
    do {
        let shared = buffer.share()
        kept = shared.bytes
    }
    return kept?.byteCount ?? 0
}
