// Buffers on their way to another thread.

import Glibc
import Synchronization
import UringBuffers

/// A hand-over from one thread to one other, which ends whatever comes.
final class Lane: @unchecked Sendable {
    // @unchecked: the flag's release and acquire order all access to the slot.
    private let isFull = Atomic<Bool>(false)
    private let isFinished = Atomic<Bool>(false)
    private var slot: ProvidedBuffer?

    func put(_ buffer: consuming ProvidedBuffer) {
        while isFull.load(ordering: .acquiring) { sched_yield() }
        slot = consume buffer
        isFull.store(true, ordering: .releasing)
    }

    func waitUntilEnded() {
        while isFull.load(ordering: .acquiring) { sched_yield() }
    }

    func finish() { isFinished.store(true, ordering: .releasing) }

    func endEverything() {
        while true {
            if isFull.load(ordering: .acquiring) {
                slot = nil
                isFull.store(false, ordering: .releasing)
            } else if isFinished.load(ordering: .acquiring) {
                // What was put before the finish is visible now.
                if !isFull.load(ordering: .acquiring) { return }
            } else {
                sched_yield()
            }
        }
    }
}
