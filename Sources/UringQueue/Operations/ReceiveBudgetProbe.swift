// Does this kernel know a byte budget for multishot receives?

internal import CUring
import Glibc

enum ReceiveBudgetProbe {
    /// Arms a budgeted receive on a throw-away ring and a group that does not exist: a kernel that knows the field
    /// answers ENOBUFS, one that does not EINVAL.
    static func run() -> Bool {
        var pair: [Int32] = [-1, -1]
        // Safe: socketpair writes the two descriptors.
        guard curing_fails(CURING_CALL_SOCKETPAIR) == 0,
            unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0
        else { return false }
        defer { for end in pair { curing_close(end) } }
        guard var state = try? QueueState(entries: 1, completionEntries: nil, mode: .plain) else { return false }
        state.push(
            .receive(pair[0], group: .max, flags: CURING_RECV_MULTISHOT, limit: 64, budget: 64, tag: 0))
        guard (try? state.wait(minimum: 1, nanoseconds: 1_000_000_000)) == .ready else { return false }
        let batch = unsafe state.nextBatch()
        return unsafe batch.count == 1 && batch[0].result == -ENOBUFS
    }
}
