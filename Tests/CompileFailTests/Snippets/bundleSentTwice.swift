// expect: 'bundle' consumed more than once
import UringBuffers
import UringQueue

func send(_ queue: borrowing UringQueue, _ bundle: consuming BufferBundle) {
    queue.send(bundle, to: 1, tag: 1)
    queue.send(bundle, to: 2, tag: 2)
}
