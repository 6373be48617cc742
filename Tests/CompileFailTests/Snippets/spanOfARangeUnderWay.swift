// expect: overlapping accesses
import UringBuffers
import UringQueue

func read(_ queue: borrowing UringQueue, _ range: consuming FixedRange) -> Int {
    let bytes = range.bytes
    queue.read(from: 1, at: 0, into: range, tag: 1)
    return bytes.byteCount
}
