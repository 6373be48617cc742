// expect: 'buffer' consumed more than once
import UringBuffers

func end(_ buffer: consuming ProvidedBuffer) {
    buffer.recycle()
    buffer.recycle()
}
