// A fixed ring through which one thread hands buffers to another that drops them. Allocates only when it is made.

import Glibc
import Synchronization
import UringBuffers

final class HandOver: @unchecked Sendable {
    // @unchecked: one giver, one taker; the two indices order what the slots hold.
    private static let size = 256
    private let slots = UnsafeMutablePointer<ProvidedBuffer>.allocate(capacity: HandOver.size)
    private let given = Atomic<Int>(0)
    private let taken = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private var thread = pthread_t()

    init() {
        let this = Unmanaged.passUnretained(self).toOpaque()
        let error = pthread_create(
            &thread, nil, { Unmanaged<HandOver>.fromOpaque($0!).takeUnretainedValue().drop() }, this)
        precondition(error == 0, "no thread")
    }

    func give(_ buffer: consuming ProvidedBuffer) {
        let place = given.load(ordering: .relaxed)
        while place - taken.load(ordering: .acquiring) == HandOver.size { sched_yield() }
        (slots + place % HandOver.size).initialize(to: buffer)
        given.store(place + 1, ordering: .releasing)
    }

    func waitUntilEmpty() {
        while taken.load(ordering: .acquiring) != given.load(ordering: .relaxed) { sched_yield() }
    }

    func stop() {
        isOver.store(true, ordering: .releasing)
        pthread_join(thread, nil)
        slots.deallocate()
    }

    private func drop() -> UnsafeMutableRawPointer? {
        var place = 0
        while true {
            if given.load(ordering: .acquiring) == place {
                if isOver.load(ordering: .acquiring) { return nil }
                sched_yield()
                continue
            }
            (slots + place % HandOver.size).deinitialize(count: 1)
            place += 1
            taken.store(place, ordering: .releasing)
        }
    }
}
