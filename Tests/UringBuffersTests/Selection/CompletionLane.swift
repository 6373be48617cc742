// A small group on a bare ring, and ways to bring the kernel into trouble with it.

import CUring
import Glibc
import KernelSupport
import UringBuffers
import UringQueue

final class CompletionLane: @unchecked Sendable {
    // @unchecked: used by one thread; rows are Sendable because test arguments must be.
    let requests: RawRequests
    let group: BufferGroup

    /// The kernel's head just before the last request: rows may fill buffers before it.
    private(set) var consumedBefore: UInt16 = 0

    static let capacity = 2
    static let pageSize = 4096

    init(_ consumption: Consumption) throws {
        requests = try RawRequests()
        group = try BufferGroup(
            ring: requests.ring.descriptor, id: 1, capacity: Self.capacity, bufferSize: Self.pageSize,
            consumption: consumption, refill: .everything)
    }

    /// The kernel's head.
    var head: UInt16 {
        var head: UInt16 = 0
        // Safe: writes the one integer.
        let result = unsafe curing_buf_ring_head(requests.ring.descriptor, 1, &head)
        precondition(result == 0, "status: errno \(-result)")
        return head
    }

    /// Submits one request, does something, and waits for the request's end.
    func end(
        _ operation: BufferSelection.Operation, on descriptor: Int32, _ flags: BufferSelection.Flags = [],
        length: Int = 0, group: UInt16 = 1, messageFlags: Int = 0, after event: () -> Void = {}
    ) throws -> Completion {
        push(operation, descriptor, flags, length, group, messageFlags)
        var found = try requests.completions()
        event()
        while found.isEmpty { found = try requests.completions(atLeast: 1) }
        precondition(found.count == 1 && found[0].isFinal, "\(found)")
        return found[0]
    }

    /// Submits one request, does something, and cancels the request once the kernel waits for more.
    func cancelled(
        _ operation: BufferSelection.Operation, on descriptor: Int32, _ flags: BufferSelection.Flags = [],
        length: Int = 0, after event: () -> Void = {}
    ) throws -> Completion {
        push(operation, descriptor, flags, length, 1, 0)
        _ = try requests.completions()
        // A worker takes its buffer before it waits: ask the kernel's head, not a clock.
        while flags.contains(.async) && head == consumedBefore { sched_yield() }
        event()
        let found = try requests.finish()
        precondition(found.count == 1 && found[0].isFinal, "\(found)")
        return found[0]
    }

    private func push(
        _ operation: BufferSelection.Operation, _ descriptor: Int32, _ flags: BufferSelection.Flags, _ length: Int,
        _ group: UInt16, _ messageFlags: Int
    ) {
        let request = BufferSelection(
            operation, on: .unknown, flags: flags, length: length, bufferSize: Self.pageSize)
        consumedBefore = head
        requests.push(request, on: descriptor, group: group, messageFlags: messageFlags)
    }

    func withUnconnected(_ body: (Int32) throws -> Completion) throws -> Completion {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = close(descriptor) }
        return try body(descriptor)
    }

    func withPath(_ path: String, _ flags: Int32, _ body: (Int32) throws -> Completion) throws -> Completion {
        let descriptor = unsafe open(path, flags | O_CLOEXEC)
        precondition(descriptor >= 0, "open: errno \(errno)")
        defer { _ = close(descriptor) }
        return try body(descriptor)
    }

    /// Fills every buffer and holds all of them meanwhile. The body gets a socket with data.
    func withEmptyRing(_ body: (Int32) throws -> Completion) throws -> Completion {
        try withAllBuffers { _, socket in try body(socket) }
    }

    /// Makes the memory of every buffer inaccessible meanwhile.
    func withForbiddenMemory(_ body: () throws -> Completion) throws -> Completion {
        var pages: [UInt] = []
        _ = try withAllBuffers { addresses, _ in
            pages = addresses
            return Completion(tag: 0, result: 0, flags: [])
        }
        group.refill()
        protect(pages, PROT_NONE)
        defer { protect(pages, PROT_READ | PROT_WRITE) }
        return try body()
    }

    private func withAllBuffers(_ body: ([UInt], Int32) throws -> Completion) throws -> Completion {
        let file = OwnFile(.streamSocket)
        var held: [Handoff<ProvidedBuffer>] = []
        var addresses: [UInt] = []
        while group.available > 0 {
            file.write(String(repeating: "a", count: Self.pageSize))
            let completion = try end(.receive, on: file.reader)
            guard case .buffer(let buffer) = group.take(completion) else { fatalError("no buffer: \(completion)") }
            let start = unsafe buffer.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
            addresses.append(start / UInt(Self.pageSize) * UInt(Self.pageSize))
            held.append(Handoff(buffer))
        }
        file.write("abc")
        return try body(addresses, file.reader)
    }

    private func protect(_ pages: [UInt], _ access: Int32) {
        for page in pages {
            // Safe: pages of the group's own memory, which nobody touches meanwhile.
            let result = unsafe mprotect(UnsafeMutableRawPointer(bitPattern: page), Self.pageSize, access)
            precondition(result == 0, "mprotect: errno \(errno)")
        }
    }
}
