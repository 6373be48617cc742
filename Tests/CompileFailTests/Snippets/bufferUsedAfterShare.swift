// expect: 'buffer' used after consume
import UringBuffers

func both(_ buffer: consuming ProvidedBuffer) -> Int {
    let shared = buffer.share()
    return shared.count + buffer.count
}
