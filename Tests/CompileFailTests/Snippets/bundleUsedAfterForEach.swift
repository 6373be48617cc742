// expect: 'bundle' used after consume
import UringBuffers

func both(_ bundle: consuming BufferBundle) -> Int {
    bundle.forEach { _ in }
    return bundle.count
}
