// How another thread of the program follows a server and ends it.

import Synchronization
import UringBuffers
import UringQueue

final class RelayControl: Sendable {
    private let status = Mutex<RelayStatus?>(nil)
    private let wakeUp = Mutex<WakeUp?>(nil)
    private let wantsEnd = Atomic<Bool>(false)

    /// The latest status, at most a quarter of a second old; `nil` before the server is ready.
    var latest: RelayStatus? { status.withLock { $0 } }

    /// Makes the server drain and end.
    func end() {
        wantsEnd.store(true, ordering: .releasing)
        wakeUp.withLock { $0 }?.wake()
    }

    // For the server.
    var endIsWanted: Bool { wantsEnd.load(ordering: .acquiring) }
    func attach(_ made: WakeUp) { wakeUp.withLock { $0 = made } }
    func report(_ now: RelayStatus) { status.withLock { $0 = now } }
}
