// expect: lifetime-dependent
import UringBuffers

func later(_ buffer: borrowing ProvidedBuffer) -> () -> Int {
    let bytes = buffer.bytes
    return { bytes.byteCount }
}
