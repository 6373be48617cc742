// A thread that runs one closure and keeps its result.

import Glibc
import Synchronization

/// A started POSIX thread; ``join()`` waits for it and returns what the closure returned or threw.
final class BackgroundThread<Value: Sendable>: Sendable {
    private let result: Result
    private let thread: pthread_t

    private final class Result: Sendable {
        let body: @Sendable () throws -> Value
        let outcome = Mutex<Swift.Result<Value, any Error>?>(nil)
        init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

        func run() {
            let made = Swift.Result { try body() }
            outcome.withLock { $0 = made }
        }
    }

    init(_ body: @escaping @Sendable () throws -> Value) throws {
        let result = Result(body)
        self.result = result
        // Safe: the thread gets a reference of its own, and releases it when it has run.
        let context = unsafe Unmanaged.passRetained(BackgroundEntry { result.run() }).toOpaque()
        var made = pthread_t()
        let error = unsafe pthread_create(&made, nil, { unsafe BackgroundEntry.start($0) }, context)
        guard error == 0 else {
            unsafe Unmanaged<BackgroundEntry>.fromOpaque(context).release()
            throw ToolFailure("cannot start a thread: errno \(error)")
        }
        thread = made
    }

    /// Whether the closure has ended.
    var hasEnded: Bool { result.outcome.withLock { $0 != nil } }

    func join() throws -> Value {
        pthread_join(thread, nil)
        // Never nil: the thread stored it before it ended.
        return try result.outcome.withLock { $0! }.get()
    }
}

/// What the C entry point can hold: no generics.
private final class BackgroundEntry: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func start(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        // Safe: made by `passRetained` above.
        unsafe Unmanaged<BackgroundEntry>.fromOpaque(context!).takeRetainedValue().body()
        return nil
    }
}
