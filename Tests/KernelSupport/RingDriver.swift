// Three ways to drive a ring, so that the pool is tested with each: our queue, bare system calls, and liburing in C.

public import CBareRing
import Glibc
public import UringBuffers
public import UringQueue

/// Who owns the ring that a group is registered on.
public enum DriverKind: String, Sendable, CaseIterable {
    case queue
    case systemCalls
    case liburing

    public func make(entries: Int = 64) throws -> any RingDriver {
        switch self {
        case .queue: try QueueDriver(entries: entries)
        case .systemCalls: try BareRing(entries: entries)
        case .liburing: try LiburingRing(entries: entries)
        }
    }
}

/// What a test needs of a ring.
public protocol RingDriver: AnyObject {
    var descriptor: Int32 { get }
    /// Queues a receive that selects from the group.
    func receive(from socket: Int32, into group: borrowing BufferGroup, multishot: Bool, bundle: Bool, tag: UInt64)
    /// Submits, waits for at least `minimum` completions and returns all that are there.
    func completions(atLeast minimum: Int) throws -> [Completion]
}

/// A failed call of a test's own ring.
public struct RingFailure: Error, CustomStringConvertible {
    public let description: String
    init(_ call: String, _ error: Int32) { description = "\(call) failed with errno \(-error)" }
}

public final class QueueDriver: RingDriver {
    public let queue: UringQueue
    public init(entries: Int, mode: QueueMode = .automatic) throws {
        queue = try UringQueue(entries: entries, mode: mode)
    }

    public var descriptor: Int32 { queue.descriptor }

    public func receive(
        from socket: Int32, into group: borrowing BufferGroup, multishot: Bool, bundle: Bool, tag: UInt64
    ) {
        let options: ReceiveOptions = bundle ? .bundle : []
        if multishot {
            queue.receiveMultishot(from: socket, into: group, options: options, tag: tag)
        } else {
            queue.receive(from: socket, into: group, options: options, tag: tag)
        }
    }

    public func completions(atLeast minimum: Int) throws -> [Completion] {
        var found: [Completion] = []
        repeat {
            try queue.wait(for: minimum - found.count)
            queue.forEachCompletion { found.append($0) }
        } while found.count < minimum
        return found
    }
}

@safe
public final class BareRing: RingDriver {
    private let ring: OpaquePointer

    public init(entries: Int = 64, flags: UInt32 = 0) throws {
        var made: OpaquePointer?
        // Safe: writes the one pointer.
        let error = unsafe bare_ring_create(UInt32(entries), flags, &made)
        guard error == 0, let made = unsafe made else { throw RingFailure("io_uring_setup", error) }
        unsafe ring = unsafe made
    }

    // Safe, here and below: the ring lives until deinit.
    deinit { unsafe bare_ring_destroy(ring) }

    public var descriptor: Int32 { unsafe bare_ring_descriptor(ring) }

    public func push(_ request: bare_request) {
        let result = unsafe withUnsafePointer(to: request) { unsafe bare_ring_push(ring, $0) }
        precondition(result == 0, "submission queue full")
    }

    public func receive(
        from socket: Int32, into group: borrowing BufferGroup, multishot: Bool, bundle: Bool, tag: UInt64
    ) {
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_RECV)
        request.flags = UInt8(BARE_SQE_BUFFER_SELECT)
        request.ioprio =
            (multishot ? UInt16(BARE_RECV_MULTISHOT) : 0) | (bundle ? UInt16(BARE_RECV_BUNDLE) : 0)
        request.fd = socket
        request.group = group.id.rawValue
        request.tag = tag
        push(request)
    }

    /// Cancels the request with the tag `cancelled`.
    public func cancel(tag cancelled: UInt64, tagged tag: UInt64) {
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_ASYNC_CANCEL)
        request.fd = -1
        request.address = cancelled
        request.tag = tag
        push(request)
    }

    public func completions(atLeast minimum: Int) throws -> [Completion] {
        let result = unsafe bare_ring_enter(ring, UInt32(minimum))
        guard result >= 0 else { throw RingFailure("io_uring_enter", result) }
        var found: [Completion] = []
        var next = bare_completion()
        while unsafe bare_ring_pop(ring, &next) == 1 { found.append(Completion(next)) }
        return found
    }
}

@safe
public final class LiburingRing: RingDriver {
    private let ring: OpaquePointer

    public init(entries: Int) throws {
        var made: OpaquePointer?
        // Safe: writes the one pointer.
        let error = unsafe liburing_ring_create(UInt32(entries), &made)
        guard error == 0, let made = unsafe made else { throw RingFailure("io_uring_queue_init", error) }
        unsafe ring = unsafe made
    }

    // Safe, here and below: the ring lives until deinit.
    deinit { unsafe liburing_ring_destroy(ring) }

    public var descriptor: Int32 { unsafe liburing_ring_descriptor(ring) }

    public func receive(
        from socket: Int32, into group: borrowing BufferGroup, multishot: Bool, bundle: Bool, tag: UInt64
    ) {
        let ioprio = bundle ? UInt16(BARE_RECV_BUNDLE) : 0
        let result = unsafe liburing_ring_receive(
            ring, socket, group.id.rawValue, ioprio, multishot ? 1 : 0, tag)
        precondition(result == 0, "submission queue full")
    }

    public func completions(atLeast minimum: Int) throws -> [Completion] {
        let result = unsafe liburing_ring_enter(ring, UInt32(minimum))
        guard result >= 0 else { throw RingFailure("io_uring_submit_and_wait", result) }
        var found: [Completion] = []
        var next = bare_completion()
        while unsafe liburing_ring_pop(ring, &next) == 1 { found.append(Completion(next)) }
        return found
    }
}

extension Completion {
    init(_ raw: bare_completion) {
        self.init(tag: raw.tag, result: raw.result, flags: CompletionFlags(rawValue: raw.flags))
    }
}
