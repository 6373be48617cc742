// All clients of the demo, on one thread.

import Glibc
import Synchronization
import UringQueue

/// What the clients did so far; another thread may read it.
final class DemoTally: Sendable {
    let verifiedBytes = Atomic<Int>(0)
    let completed = Atomic<Int>(0)
    let vanished = Atomic<Int>(0)
    let wantsEnd = Atomic<Bool>(false)
}

enum DemoClients {
    /// Keeps `count` connections busy until the tally asks for the end, then lets each finish its message.
    ///
    /// - Throws: ``ToolFailure`` at the first byte that is wrong or missing, with the seed of the run.
    static func run(count: Int, address: SocketAddress, seed: UInt64, tally: DemoTally) throws {
        var random = DemoRandom(seed: seed)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { unsafe room.deallocate() }
        var connections: [DemoConnection] = []
        defer { for connection in connections { _ = close(connection.descriptor) } }
        var isEnding = false
        while !(isEnding && connections.isEmpty) {
            if !isEnding, tally.wantsEnd.load(ordering: .acquiring) {
                isEnding = true
                for position in connections.indices { connections[position].finishSoon() }
            }
            while !isEnding, connections.count < count {
                connections.append(try DemoConnection(to: address, random: &random))
            }
            var polled = connections.map { pollfd(fd: $0.descriptor, events: $0.interest, revents: 0) }
            // Safe: poll writes the results into the array.
            guard unsafe poll(&polled, nfds_t(polled.count), 1000) >= 0 || errno == EINTR else {
                throw ToolFailure("poll failed: errno \(errno)")
            }
            for position in connections.indices.reversed() where polled[position].revents != 0 {
                let before = connections[position].received
                let progress = unsafe connections[position].advance(polled[position].revents, room: room)
                tally.verifiedBytes.add(connections[position].received - before, ordering: .relaxed)
                switch progress {
                case .going: continue
                case .ended(let abandoned):
                    if abandoned > 0 {
                        tally.vanished.add(1, ordering: .relaxed)
                    } else {
                        tally.completed.add(1, ordering: .relaxed)
                    }
                    _ = close(connections.remove(at: position).descriptor)
                case .failed(let reason):
                    throw ToolFailure("\(reason) (replay with --seed \(seed))")
                }
            }
        }
    }
}
