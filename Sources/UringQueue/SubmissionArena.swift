// Memory that requests point to until the kernel has read it.

internal import UringBuffers

/// A bump allocator for addresses, vectors and message headers of requests that are not submitted yet.
///
/// The kernel copies what a request points to when it accepts it (`IORING_FEAT_SUBMIT_STABLE`), so everything is
/// reclaimed at once after a complete submit. Chunks are kept: a steady state allocates nothing.
@safe
struct SubmissionArena: ~Copyable {
    private static let chunkBytes = 64 * 1024
    private var chunks: [UnsafeMutableRawPointer] = unsafe []
    private var current = 0
    private var used = 0

    deinit { unsafe chunks.forEach { unsafe $0.deallocate() } }

    /// Uninitialised room for `count` values of a trivial type. At most one chunk, 64 KiB.
    mutating func allocate<Value: BitwiseCopyable>(
        _ type: Value.Type, count: Int = 1
    ) -> UnsafeMutableBufferPointer<Value> {
        let bytes = (count * MemoryLayout<Value>.stride + 15) & ~15
        demand(bytes <= SubmissionArena.chunkBytes, "a request cannot point to more than one chunk")
        if used + bytes > SubmissionArena.chunkBytes {
            current += 1
            used = 0
        }
        if unsafe current == chunks.count {
            unsafe chunks.append(.allocate(byteCount: SubmissionArena.chunkBytes, alignment: 16))
        }
        // Safe: the room lies inside the chunk and belongs to nobody else until `reset`.
        let start = unsafe chunks[current] + used
        used += bytes
        return unsafe UnsafeMutableBufferPointer(start: start.bindMemory(to: type, capacity: count), count: count)
    }

    /// Forgets everything. Only after every request was submitted.
    mutating func reset() {
        current = 0
        used = 0
    }
}
