// expect: 'buffer' used after consume
import UringBuffers

func both(_ buffer: consuming ProvidedBuffer) -> Int {
    let token = buffer.intoToken()
    return token.count + buffer.count
}
