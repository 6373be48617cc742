// expect: 'buffer' used after consume
import UringBuffers

func use(_ buffer: consuming ProvidedBuffer) -> Int {
    buffer.recycle()
    return buffer.count
}
