// SIGINT and SIGTERM as something to read.

import CUring
import Glibc

/// Blocks both signals in this thread, and in those it starts later, and reports them through a descriptor.
final class TerminationSignals: Sendable {
    let descriptor: Int32

    init() throws {
        descriptor = curing_termination_signals()
        guard descriptor >= 0 else { throw ToolFailure("cannot watch for signals: errno \(-descriptor)") }
    }

    deinit { _ = close(descriptor) }

    /// Whether a signal arrived since the last call.
    func take() -> Bool { curing_read_signal(descriptor) != 0 }
}
