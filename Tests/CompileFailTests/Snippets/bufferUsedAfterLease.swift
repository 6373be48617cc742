// expect: 'buffer' used after consume
import UringBuffers

func both(_ buffer: consuming ProvidedBuffer) -> Int {
    let lease = SendLease(buffer)
    return lease.byteCount + buffer.count
}
