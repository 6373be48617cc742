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
        let plan = RelayIO.plan(entries: RelayIO.smallestQueue, buffers: configuration.buffers)
        return "cannot \(error.operation.rawValue): ENOMEM. \(MemlockBudget.current().explain(plan)) "
            + "Or use fewer --buffers."
    }
}
