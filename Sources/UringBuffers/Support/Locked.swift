// A value behind a lock, for what no owner of a group ever waits for while it works.

internal import Glibc

/// Not a `Mutex`, which the thread sanitizer does not understand.
@safe
final class Locked<Value: Sendable>: @unchecked Sendable {
    // @unchecked: everything happens under the lock.

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var content: Value

    init(_ value: Value) {
        content = value
        // Safe, here and below: the lock is in memory of its own, from here to deinit.
        unsafe lock = .allocate(capacity: 1)
        unsafe lock.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(lock, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(lock)
        unsafe lock.deallocate()
    }

    var value: Value {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return content
    }

    func change(_ body: (inout Value) -> Void) {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        body(&content)
    }
}
