// expect: ok
import UringBuffers
import UringQueue

func share(_ buffer: consuming ProvidedBuffer, _ queue: borrowing UringQueue) -> [SharedBuffer] {
    let shared = buffer.share()
    queue.send(shared, to: 1, tag: 1)
    queue.sendZeroCopy(shared[0..<1], to: 2, tag: 2)
    return [shared, shared[0..<shared.count]]
}

func elsewhere(_ shared: SharedBuffer) async -> Int {
    await Task.detached { shared.bytes.byteCount }.value
}
