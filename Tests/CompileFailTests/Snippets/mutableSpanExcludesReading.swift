// expect: overlapping accesses to 'buffer'
import UringBuffers

func clash(_ start: consuming ProvidedBuffer) -> Int {
    var buffer = start
    var writable = buffer.mutableBytes
    let count = buffer.bytes.byteCount
    writable.storeBytes(of: 1, toByteOffset: 0, as: UInt8.self)
    return count
}
