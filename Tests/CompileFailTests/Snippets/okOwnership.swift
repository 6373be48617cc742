// expect: ok
import UringBuffers
import UringQueue

func ways(_ group: borrowing BufferGroup, _ queue: borrowing UringQueue, _ completion: Completion) -> Int {
    switch group.take(completion) {
    case .buffer(var buffer):
        var writable = buffer.mutableBytes
        writable.storeBytes(of: 1, toByteOffset: 0, as: UInt8.self)
        let count = buffer.bytes.byteCount
        queue.send(buffer, to: 1, tag: 1)
        return count
    case .bundle(var bundle):
        var count = 0
        while let buffer = bundle.next() { count += buffer.bytes.byteCount }
        return count
    default: return 0
    }
}
