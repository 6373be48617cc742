// expect: 'bundle' used after consume
import UringBuffers
import UringQueue

func both(_ bundle: consuming BufferBundle, _ queue: borrowing UringQueue) -> Int {
    queue.sendZeroCopy(bundle, to: 1, tag: 1)
    return bundle.count
}
