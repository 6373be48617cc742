// expect: 'bundle' consumed more than once
import UringBuffers

func twice(_ bundle: consuming BufferBundle) {
    let first = bundle
    let second = bundle
    first.recycle()
    second.recycle()
}
