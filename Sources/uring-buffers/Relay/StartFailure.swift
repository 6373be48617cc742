// Why a server could not start, with the numbers of this machine.

import Glibc
import UringBuffers

enum StartFailure {
    static let noZeroCopySends = ToolFailure(
        "this kernel cannot send without copying, which needs Linux 6.1: leave --send at plain.")

    /// One sentence or two for the user.
    static func explain(_ error: UringError, _ configuration: RelayConfiguration) -> String {
        guard error.errno == ENOMEM, error.operation == .registerBufferRing || error.operation == .createQueue else {
            return error.description
        }
        let needed = LockedMemory.total(entries: RelayIO.smallestQueue, buffers: configuration.buffers)
        let limit = LockedMemory.limit
        // The limit would do for us alone: the user's other programs have their part of it.
        let enough = (limit.map { $0 < needed ? needed : $0 + needed } ?? needed) / 1024
        return
            "cannot \(error.operation.rawValue): the locked-memory limit of "
            + "\(limit.map { "\($0 / 1024) KiB" } ?? "this user") is used up. Rings are charged "
            + "to it: raise it to at least \(enough) KiB (ulimit -l \(enough), or LimitMEMLOCK=\(enough)K), or use "
            + "fewer --buffers."
    }
}
