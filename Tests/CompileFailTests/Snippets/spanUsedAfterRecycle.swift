// expect: 'buffer' used after consume
import UringBuffers

func read(_ buffer: consuming ProvidedBuffer) -> Int {
    let bytes = buffer.bytes
    buffer.recycle()
    return bytes.byteCount
}
