// expect: overlapping accesses to 'buffer'
import UringBuffers

func clash(_ start: consuming ProvidedBuffer) {
    var buffer = start
    var first = buffer.mutableBytes
    var second = buffer.mutableBytes
    first.storeBytes(of: 1, toByteOffset: 0, as: UInt8.self)
    second.storeBytes(of: 2, toByteOffset: 0, as: UInt8.self)
}
