// expect: 'buffer' consumed in a loop
import UringBuffers

func end(_ buffer: consuming ProvidedBuffer) {
    for _ in 0..<2 { buffer.recycle() }
}
