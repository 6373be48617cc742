// Why a server could not start, with the numbers of this machine.

import CUring
import Glibc
import UringBuffers

enum StartFailure {
    /// One sentence or two for the user.
    static func explain(_ error: UringError, _ configuration: RelayConfiguration) -> String {
        guard error.errno == ENOMEM, error.operation == .registerBufferRing || error.operation == .createQueue else {
            return error.description
        }
        let ring = max(configuration.buffers * 16, 4096)
        // A queue of the smallest size that the relay goes down to.
        let needed = (ring + 16 * 1024 + 1023) / 1024
        return
            "cannot \(error.operation.rawValue): the locked-memory limit of \(limit()) is used up. Rings are charged "
            + "to it: raise it to at least \(needed) KiB (ulimit -l \(needed), or LimitMEMLOCK=\(needed)K), or use "
            + "fewer --buffers."
    }

    private static func limit() -> String {
        let bytes = curing_locked_memory_limit()
        return bytes == .max ? "this user" : "\(bytes / 1024) KiB"
    }
}
