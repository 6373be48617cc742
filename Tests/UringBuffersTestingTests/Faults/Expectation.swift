// What each failing call comes to: an error, or an effect that does no harm and is named here.

import Glibc
import UringBuffers
import UringBuffersTesting

/// What is right when one call fails.
struct Expectation {
    let call: SystemCall
    /// The errnos that the kernel could answer.
    let errors: [Int32]
    /// The operations that the error may name. Empty: nobody is told.
    var operations: Set<UringError.Operation> = []
    /// What happens when nobody is told.
    var harmless: String?
    /// What may stay behind.
    var leaves: String?
    /// Whether ``BufferGroup/abandonedBytes`` tells of that.
    var isCounted = true
    /// Of an error that does not carry the call's errno, and why.
    var translated: Int32?

    /// As DESIGN.md has it.
    var row: String {
        let told = operations.map { "`\($0)`" }.sorted().joined(separator: ", ")
        let untold = harmless.map { ($0 + (leaves.map { "; stays: \($0)" } ?? "")) } ?? ""
        return "| `\(call)` | \(told) | \(untold) |"
    }

    static func of(_ call: SystemCall) -> Expectation? { all.first { $0.call == call } }

    /// The table of DESIGN.md.
    static let all: [Expectation] = [
        Expectation(
            call: .mmap, errors: [ENOMEM, EAGAIN], operations: [.allocateMemory, .mapRegion, .mapRing],
            harmless: "no huge pages: ordinary ones, where that is allowed"),
        Expectation(
            call: .munmap, errors: [ENOMEM, EINVAL], harmless: "nobody uses it any more", leaves: "the mapping"),
        Expectation(
            call: .madvise, errors: [ENOMEM, EINVAL, EAGAIN], operations: [.allocateMemory],
            harmless: "no transparent huge pages, or less is given back",
            leaves: "heap memory that a child would not have"),
        Expectation(call: .mincore, errors: [ENOMEM, EAGAIN], harmless: "nothing is told to be resident"),
        Expectation(call: .posixMemalign, errors: [ENOMEM], operations: [.allocateMemory]),
        Expectation(call: .memfdCreate, errors: [EMFILE, ENFILE, ENOMEM, ENOSYS], operations: [.allocateMemory]),
        Expectation(call: .ftruncate, errors: [EINTR, EFBIG, ENOSPC], operations: [.allocateMemory]),
        Expectation(call: .duplicate, errors: [EMFILE, EBADF], operations: [.duplicateDescriptor]),
        Expectation(call: .close, errors: [EINTR, EIO], harmless: "the descriptor is closed all the same"),
        Expectation(
            call: .getsockopt, errors: [EBADF, ENOBUFS], operations: [.selectBuffers],
            harmless: "not open (`EBADF`): the request's completion says so", translated: EINVAL),
        Expectation(call: .epollCreate, errors: [EMFILE, ENOMEM], operations: [.selectBuffers]),
        Expectation(call: .epollControl, errors: [ENOMEM, ENOSPC], operations: [.selectBuffers]),
        Expectation(call: .eventfd, errors: [EMFILE, ENFILE, ENOMEM], operations: [.createWakeUp]),
        Expectation(call: .eventfdRead, errors: [EAGAIN], harmless: "the next wait may end early"),
        Expectation(call: .eventfdWrite, errors: [EAGAIN], harmless: "`EAGAIN`: full, so a wake-up is pending"),
        Expectation(call: .socket, errors: [EMFILE, EACCES, ENOBUFS], operations: [.socket]),
        Expectation(
            call: .setsockopt, errors: [ENOPROTOOPT, ENOMEM], operations: [.socket],
            harmless: "the option is not set; but `IPV6_V6ONLY` must be"),
        Expectation(call: .bind, errors: [EADDRINUSE, EACCES], operations: [.socket]),
        Expectation(call: .listen, errors: [EADDRINUSE], operations: [.socket]),
        Expectation(call: .getsockname, errors: [ENOBUFS], operations: [.socket]),
        Expectation(call: .getpeername, errors: [ENOTCONN, ENOBUFS], operations: [.socket]),
        Expectation(call: .connect, errors: [ECONNREFUSED, EAGAIN], harmless: "false is returned"),
        Expectation(call: .socketpair, errors: [EMFILE, ENFILE], harmless: "asked for budgets: none"),
        Expectation(
            call: .setup, errors: [ENOMEM, EMFILE, EPERM, ENOSYS, EINVAL], operations: [.createQueue],
            harmless: "`EINVAL`: an older mode; a question is answered: no"),
        Expectation(
            call: .enter, errors: [EINTR, EAGAIN, EBUSY, ENOMEM, EBADR, EFAULT], operations: [.submit, .wait],
            harmless: "requests go with the next submit or wait"),
        Expectation(call: .enterToFlush, errors: [EINTR, EBUSY], harmless: "fetched at the next wait"),
        Expectation(
            call: .unregisterBuffers, errors: [ENXIO, EEXIST], operations: [.unregisterFixedBuffers],
            harmless: "the table ends with the ring", leaves: "a dropped table's memory"),
        Expectation(call: .registerProbe, errors: [EINVAL, ENOMEM], harmless: "no zero-copy sends"),
        Expectation(call: .registerBuffers2, errors: [ENOMEM, EBUSY], operations: [.registerFixedBuffers]),
        Expectation(call: .registerBuffersUpdate, errors: [ENOMEM, EFAULT], operations: [.registerFixedBuffers]),
        Expectation(call: .registerRingFDs, errors: [EBUSY, ENOMEM], harmless: "each enter looks the descriptor up"),
        Expectation(
            call: .registerBufferRing, errors: [ENOMEM, EEXIST, EINVAL, EFAULT], operations: [.registerBufferRing]),
        Expectation(
            call: .unregisterBufferRing, errors: [EINVAL, ENOENT, EEXIST], operations: [.unregisterBufferRing],
            harmless: "the ring keeps an empty registration", leaves: "a dropped group's memory"),
        Expectation(
            call: .registerSyncCancel, errors: [EINTR, EINVAL, ETIME, ENOMEM],
            harmless: "again after a signal; else the buffers of sends under way stay out",
            leaves: "their group, which close() names", isCounted: false),
        Expectation(
            call: .registerBufferStatus, errors: [EINVAL, ENOENT], operations: [.readBufferRingHead],
            harmless: "closing takes your word for it", leaves: "a dropped group's memory"),
        Expectation(
            call: .receive, errors: [EINTR, EAGAIN, ENOMEM, ECONNRESET], operations: [.receive],
            harmless: "again after a signal, and when there is something to receive"),
        Expectation(call: .getrlimit, errors: [EPERM], harmless: "no limit is known"),
        Expectation(call: .uname, errors: [EFAULT], harmless: "every known bug is avoided"),
        Expectation(call: .open, errors: [EMFILE, ENOENT, EACCES], harmless: "no privilege, nothing pinned is known"),
        Expectation(
            call: .read, errors: [EINTR, EIO], harmless: "again after a signal; else as if the file ended there"),
        Expectation(call: .stat, errors: [ENOENT, EACCES], harmless: "the first user namespace is assumed"),
        Expectation(call: .signalfd, errors: [EMFILE, ENOMEM], harmless: "the tool's: it says so and ends"),
        Expectation(call: .signalfdRead, errors: [EAGAIN], harmless: "the tool's: no signal"),
        Expectation(
            call: .cloneBuffers, errors: [EINVAL, ENOMEM], operations: [.cloneFixedBuffers],
            harmless: "a question is answered: not known"),
        Expectation(
            call: .registerRegion, errors: [EINVAL, ENOMEM], operations: [.registerRegion],
            harmless: "a queue waits with ordinary arguments; a question is answered: no"),
        Expectation(
            call: .enableRings, errors: [ENOMEM, EPERM], operations: [.enableRing],
            harmless: "a queue begins anew with a ring that waits with ordinary arguments"),
        Expectation(call: .registerQuery, errors: [EINVAL, ENOMEM], harmless: "not known"),
    ]

    /// What is wrong with how a life ended, or nothing.
    func objection(to outcome: Outcome, errno injected: Int32, isQuestion: Bool) -> String? {
        guard let error = outcome.error else {
            return harmless == nil && !isQuestion ? "nobody was told" : nil
        }
        guard operations.contains(error.operation) else { return "the error names another operation: \(error)" }
        guard error.errno == injected || error.errno == translated else {
            return "the error has another errno: \(error)"
        }
        return error.remedy.isEmpty ? "no remedy for \(error)" : nil
    }
}
