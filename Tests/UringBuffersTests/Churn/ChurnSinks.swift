// Connections that buffers are sent to without copying, and that are cancelled or broken under the send.

import Glibc
import KernelSupport
import TestSupport
import UringBuffers
import UringQueue

/// A few outgoing connections, one send at a time on each.
final class ChurnSinks {
    /// Tags of sends have this bit.
    static let tagBit: UInt64 = 1 << 40

    private final class Sink {
        var pair = SocketPair(.tcp)
        /// The send that is not over, notification included.
        var tag: UInt64?
        /// The reader stands still until the send is cancelled.
        var isDoomed = false
        var isCancelled = false
        /// Its number may be another socket's by now.
        var isReaderClosed = false

        init() { pair.shrink() }
    }

    private let sinks = (0..<2).map { _ in Sink() }
    private var nextTag = ChurnSinks.tagBit

    var isBusy: Bool { sinks.contains { $0.tag != nil } }

    /// The socket and the tag for one more send; `nil` while all are busy.
    func begin(doomed: Bool) -> (socket: Int32, tag: UInt64)? {
        guard let sink = sinks.first(where: { $0.tag == nil }) else { return nil }
        sink.tag = nextTag
        sink.isDoomed = doomed
        sink.isCancelled = false
        nextTag += 1
        return (sink.pair.writer, nextTag - 1)
    }

    /// Reads what came, and ends the doomed. Returns how many.
    func step(_ queue: borrowing UringQueue, _ random: inout SplitMix64) -> Int {
        var ended = 0
        for sink in sinks where sink.tag != nil {
            if !sink.isDoomed, !sink.isReaderClosed {
                drain(sink.pair.reader)
            } else if sink.isDoomed, !sink.isCancelled, random.oneIn(3) {
                end(sink, queue, how: random.below(3))
                ended += 1
            }
        }
        return ended
    }

    /// Ends every send that is under way.
    func endAll(_ queue: borrowing UringQueue) {
        for sink in sinks where sink.tag != nil {
            if !sink.isCancelled { end(sink, queue, how: 0) }
            // What waits for its notification waits for the reader.
            closeReader(sink)
        }
    }

    private func end(_ sink: Sink, _ queue: borrowing UringQueue, how: Int) {
        sink.isCancelled = true
        switch how {
        case 0: queue.cancel(tag: sink.tag!, tag: ChurnPhase.silentTag)
        case 1: queue.cancelAll(on: sink.pair.writer, tag: ChurnPhase.silentTag)
        default: closeReader(sink)
        }
    }

    private func closeReader(_ sink: Sink) {
        sink.pair.closeReader()
        sink.isReaderClosed = true
    }

    /// Tells a completion of a send.
    func complete(_ completion: Completion) {
        guard let sink = sinks.first(where: { $0.tag == completion.tag }) else {
            preconditionFailure("a completion of an unknown send: \(completion)")
        }
        // A doomed send whose result came all the same need not be cancelled, but its reader must move.
        if !completion.isFinal { sink.isDoomed = false }
        guard completion.isFinal else { return }
        sink.tag = nil
        // Bytes may lie there still, or the other end is gone.
        if sink.isDoomed || sink.isCancelled || sink.isReaderClosed {
            sink.isReaderClosed = false
            sink.pair = SocketPair(.tcp)
            sink.pair.shrink()
        }
    }

    private func drain(_ socket: Int32) {
        var room = [UInt8](repeating: 0, count: 16384)
        // Safe: within the array.
        while unsafe recv(socket, &room, room.count, Int32(MSG_DONTWAIT)) > 0 {}
    }
}
