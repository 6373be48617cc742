// Listening sockets of one endpoint.

import Glibc
import UringBuffers
import UringQueue

/// One socket for each address that the endpoint stands for, closed when dropped.
struct Listeners: ~Copyable {
    let descriptors: [Int32]
    /// The addresses with the ports that they really have.
    let addresses: [SocketAddress]

    init(on endpoint: Endpoint) throws {
        var descriptors: [Int32] = []
        var addresses: [SocketAddress] = []
        var failure: UringError?
        for address in try endpoint.resolve(forListening: true) {
            // With port 0 the kernel chooses for the first address, and the others follow it.
            let wanted = addresses.first.map { address.withPort($0.port) } ?? address
            do throws(UringError) {
                let made = try Socket.listen(on: wanted)
                descriptors.append(made)
                addresses.append(try Socket.localAddress(of: made))
            } catch { failure = error }
        }
        // A name may stand for an address that this machine does not have, such as ::1; one is enough.
        if descriptors.isEmpty, let failure { throw ToolFailure("cannot listen on \(endpoint): \(failure.reason)") }
        self.descriptors = descriptors
        self.addresses = addresses
    }

    deinit { for descriptor in descriptors { _ = close(descriptor) } }
}

extension UringError {
    /// Symbol and remedy, where the caller says itself what could not be done.
    var reason: String { "\(symbol). \(remedy)" }
}
