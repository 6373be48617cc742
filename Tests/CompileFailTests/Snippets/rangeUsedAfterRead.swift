// expect: 'range' used after consume
import UringBuffers
import UringQueue

func read(_ queue: borrowing UringQueue, _ range: consuming FixedRange) -> Int {
    queue.read(from: 1, at: 0, into: range, tag: 1)
    return range.count
}
