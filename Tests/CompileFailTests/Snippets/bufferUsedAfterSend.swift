// expect: 'buffer' used after consume
import UringBuffers
import UringQueue

func send(_ queue: borrowing UringQueue, _ buffer: consuming ProvidedBuffer) -> Int {
    queue.send(buffer, to: 1, tag: 1)
    return buffer.count
}
