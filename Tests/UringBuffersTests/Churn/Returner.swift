// Another thread that looks at what it is given, and lets it go.

import Glibc
import KernelSupport
import UringBuffers

@safe
final class Returner: @unchecked Sendable {
    // @unchecked: the lock orders all access.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: [Kept] = []
    private var given = 0
    private var ended = 0
    private var damaged = 0
    private var isFinished = false
    private var thread: OtherThread?

    init() {
        // Safe: allocated above, freed when the thread has ended.
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(changed, nil)
        thread = OtherThread { [unowned self] in endEverything() }
    }

    deinit {
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(lock)
        unsafe changed.deallocate()
        unsafe lock.deallocate()
    }

    func give(_ kept: Kept) {
        locked {
            waiting.append(kept)
            given += 1
            unsafe pthread_cond_broadcast(changed)
        }
    }

    /// Waits until everything has ended, and returns how much of it was damaged so far.
    func flush() -> Int {
        locked {
            while ended < given { unsafe pthread_cond_wait(changed, lock) }
            return damaged
        }
    }

    /// Must be called before the last reference goes away.
    func finish() {
        locked {
            isFinished = true
            unsafe pthread_cond_broadcast(changed)
        }
        thread?.join()
    }

    private func endEverything() {
        while true {
            let batch = locked {
                while waiting.isEmpty, !isFinished { unsafe pthread_cond_wait(changed, lock) }
                defer { waiting = [] }
                return waiting
            }
            if batch.isEmpty { return }
            var wrong = 0
            for kept in batch {
                if !kept.isIntact() { wrong += 1 }
                kept.end()
            }
            locked {
                ended += batch.count
                damaged += wrong
                unsafe pthread_cond_broadcast(changed)
            }
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return body()
    }
}
