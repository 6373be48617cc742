// Doing something on another thread, to its end.

import Glibc

/// Runs `body` on a new thread and waits for it.
public func onOtherThread(_ body: @escaping () -> Void) { OtherThread(body).join() }

/// A thread that can be joined.
@safe
public final class OtherThread {
    private var thread = pthread_t()

    public init(_ body: @escaping () -> Void) {
        let start = unsafe Unmanaged.passRetained(Start(body))
        // Safe: the new thread takes the retained object exactly once.
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, unsafe start.toOpaque())
        precondition(result == 0, "pthread_create: \(result)")
    }

    public func join() { _ = pthread_join(thread, nil) }
}

private final class Start {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// Carries a value that cannot be copied through a closure. Whoever uses it takes care of the order.
public final class Handoff<Value: ~Copyable>: @unchecked Sendable {
    private var value: Value?
    public init(_ value: consuming Value) { self.value = consume value }
    public func take() -> Value { value.take()! }
    public func put(_ value: consuming Value) { self.value = consume value }
    /// Drops the value here and now.
    public func end() { value = nil }
}
