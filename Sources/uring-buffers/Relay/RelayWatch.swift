// How a relay is watched by others.

import UringBuffers

struct RelayWatch: Sendable {
    let monitor: PoolMonitor
    /// What the relay's group is called in it.
    let name: String
}
