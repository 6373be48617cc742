// Reads what a pool does on another thread while its owner works, and after the pool is gone.

import Foundation
import Glibc
import UringBuffers
import UringBuffersReports
import UringQueue

@main
struct WatchBooks {
    static func main() throws {
        var ends: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        let monitor = PoolMonitor()
        try work(ends, monitor)
        // The group is gone; its books are as they were at its end.
        print(HumanReport.render(monitor.snapshot()), terminator: "")
    }

    static func work(_ ends: [Int32], _ monitor: PoolMonitor) throws {
        let queue = try UringQueue()
        let group = try BufferGroup(
            ring: queue.descriptor, id: 0, capacity: 256, bufferSize: 4096, level: .timed)
        monitor.watch(group, named: "receive")
        let before = monitor.snapshot()
        queue.receiveMultishot(from: ends[0], into: group, tag: 1)
        for _ in 0..<100 { send(ends[1], "hello, books", 12, 0) }
        shutdown(ends[1], Int32(SHUT_WR))
        try queue.run { completion in
            switch group.take(completion) {
            case .endOfStream: queue.stop()
            case .starved: queue.receiveMultishot(from: ends[0], into: group, tag: 1)
            default: break  // What came is back already.
            }
            group.refill()
        }
        // Any thread may do this.
        let reader = Thread {
            let now = monitor.snapshot(including: .oldestHeld)
            let window = now.delta(since: before)!.groups[0]
            print("lent \(now.groups[0].states.lent), \(window.edges.receivedBytes) bytes in \(window.edges.selected)")
            print("99 % were held for at most \(Int(window.holdTime?.quantile(0.99) ?? 0)) ns")
            hasRead.signal()
        }
        reader.start()
        hasRead.wait()
        print(group.missing())
        try group.close()
    }

    static let hasRead = DispatchSemaphore(value: 0)
}
