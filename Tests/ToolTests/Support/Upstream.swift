// A server of the tests' own: one thread for each connection, each runs the same handler.

import Glibc
import Synchronization

final class Upstream: Sendable {
    let address: Address
    private let listener: Shared<TestSocket>
    private let connections = Mutex<[Int32: Int]>([:])
    private let running = Atomic<Int>(1)

    /// Serves on a free loopback port, or on `address`. The handler's failures end its connection.
    init(on wanted: Address? = nil, _ handler: @escaping @Sendable (TestSocket) throws -> Void) throws {
        let socket = try TestSocket.listening(on: wanted ?? Address(host: "127.0.0.1", port: 0))
        address = try socket.localAddress()
        listener = Shared(socket)
        Threads.start { [self] in
            while let client = listener.value.accept() {
                client.setTimeouts(seconds: 60)
                connections.withLock { $0[client.descriptor, default: 0] += 1 }
                running.add(1, ordering: .relaxed)
                let handed = Shared(client)
                Threads.start { [self] in
                    try? handler(handed.value)
                    connections.withLock { _ = $0.removeValue(forKey: handed.value.descriptor) }
                    handed.value.close()
                    running.subtract(1, ordering: .releasing)
                }
            }
            listener.value.close()
            running.subtract(1, ordering: .releasing)
        }
    }

    /// Stops listening, breaks every connection, and waits for the threads.
    func stop() {
        listener.value.shutDownAll()
        connections.withLock { for descriptor in $0.keys { _ = shutdown(descriptor, Int32(SHUT_RDWR)) } }
        let deadline = Deadline(seconds: 70)
        while running.load(ordering: .acquiring) > 0, !deadline.hasPassed { usleep(2000) }
    }

    /// An echo.
    static func echo(on wanted: Address? = nil) throws -> Upstream {
        try Upstream(on: wanted) { socket in
            while true {
                let bytes = try socket.receive()
                if bytes.isEmpty { return }
                try socket.send(bytes)
            }
        }
    }

    /// Sends a known stream for ever, until the peer is gone.
    static func flood(_ socket: TestSocket, seed: UInt64) throws {
        var stream = PatternStream(seed: seed)
        while true { try socket.send(stream.next(64 * 1024)) }
    }
}

/// Carries a reference to another thread; the tests take care that only one uses it at a time.
struct Shared<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

enum Threads {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Starts a detached thread.
    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        // Safe: the thread takes the retained object exactly once.
        let context = unsafe Unmanaged.passRetained(Start(body)).toOpaque()
        let error = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, context)
        precondition(error == 0, "pthread_create: \(error)")
        pthread_detach(thread)
    }
}

/// A closure that runs on a thread of its own, and what it returned or threw.
final class Background<Value: Sendable>: Sendable {
    private let outcome = Mutex<Result<Value, TestFailure>?>(nil)

    init(_ body: @escaping @Sendable () throws -> Value) {
        Threads.start { [self] in
            let made = Result { try body() }.mapError { TestFailure("\($0)") }
            outcome.withLock { $0 = made }
        }
    }

    func wait(seconds: Double = 120) throws -> Value {
        try waitUntil("a thread of the test ends", seconds: seconds) { outcome.withLock { $0 != nil } }
        return try outcome.withLock { $0! }.get()
    }
}
