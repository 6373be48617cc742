// Where a life plays: what it found wrong, and the sockets, ring and group that most lives need.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

/// What a life tells beside the error that it ends with.
final class Stage {
    /// What must not happen, whatever call fails.
    private(set) var problem: String?

    func require(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition, problem == nil { problem = message() }
    }
}

/// A queue, a group and a connection, used as a careful program does: also after an error it takes every completion
/// before it closes the group.
struct Scene: ~Copyable {
    // Groups end before their queue.
    let group: BufferGroup
    let queue: UringQueue
    let pair: SocketPair
    let stage: Stage
    private var stream: ByteStream
    private var check: ByteStream
    private var isArmed = false

    struct Shape {
        var capacity = 8
        var bufferSize = 256
        var consumption = Consumption.whole
        var refill = RefillPolicy.adaptive
        var ringMemory = RingMemoryKind.application
        var slab = PageSource.anonymousMap
        var slabOptions = PageOptions.noReserve
        var sockets = SocketKind.unix
        var options: ReceiveOptions = []
        /// Of a group that falls back; the ring's own parameters do not matter then.
        var mode: BufferMode?
    }

    private let shape: Shape

    init(_ stage: Stage, _ shape: Shape = Shape()) throws(UringError) {
        let queue = try UringQueue(entries: 8)
        group =
            if let mode = shape.mode {
                try BufferGroup(
                    on: queue, id: 3, capacity: shape.capacity, bufferSize: shape.bufferSize, mode: mode)
            } else {
                try BufferGroup(
                    ring: queue.descriptor, id: 3, capacity: shape.capacity, bufferSize: shape.bufferSize,
                    consumption: shape.consumption, refill: shape.refill, ringMemory: shape.ringMemory,
                    slab: shape.slab,
                    slabOptions: shape.slabOptions)
            }
        self.queue = queue
        self.stage = stage
        self.shape = shape
        pair = SocketPair(shape.sockets)
        stream = ByteStream(seed: 1)
        check = ByteStream(seed: 1)
    }

    /// Sends bytes to the group and looks at each one.
    mutating func receive(_ bytes: Int) throws(UringError) {
        pair.write(stream.next(bytes))
        let end = check.position + UInt64(bytes)
        // Many times what is needed: a life ends, whatever fails.
        for _ in 0..<200 where check.position < end {
            arm()
            let found = try completions()
            // Interrupted again and again.
            if found.isEmpty { return }
            for completion in found { try look(completion) }
            group.refill()
        }
        stage.require(check.position >= end, "\(end - check.position) bytes never came: \(group.books())")
    }

    /// Receives one filled buffer that the caller keeps.
    mutating func receiveOne(_ bytes: Int) throws(UringError) -> ProvidedBuffer? {
        pair.write(stream.next(bytes))
        queue.receive(from: pair.reader, into: group, tag: 2)
        for completion in try completions() {
            if case .buffer(let buffer) = group.take(completion) {
                check.skip(bytes)
                return buffer
            }
        }
        return nil
    }

    /// Waits for completions, through interruptions.
    func completions() throws(UringError) -> [Completion] {
        for _ in 0..<64 {
            let outcome = try queue.wait(timeout: .seconds(5))
            var found: [Completion] = []
            queue.forEachCompletion { found.append($0) }
            if !found.isEmpty { return found }
            stage.require(outcome != .timedOut, "nothing came for five seconds")
            if outcome == .timedOut { break }
        }
        return []
    }

    /// Ends as it should: nothing armed, nothing untaken, the group closed; a second try where one fails. Throws the
    /// first error all the same.
    consuming func end() throws(UringError) {
        var failure: UringError?
        var isCancelling = false
        for _ in 0..<16 where isArmed || isCancelling {
            if !isCancelling { queue.cancelAll(on: pair.reader, tag: 9) }
            isCancelling = true
            do throws(UringError) {
                for completion in try completions() {
                    if completion.tag == 9 { isCancelling = false }
                    try? look(completion)
                }
            } catch { failure = failure ?? error }
        }
        group.refill()
        stage.require(group.books().balanced, "\(group.books().violations)")
        for _ in 0..<2 {
            do throws(UringError) {
                try group.close()
                break
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }

    private mutating func arm() {
        guard !isArmed else { return }
        queue.receiveMultishot(from: pair.reader, into: group, options: shape.options, tag: 1)
        isArmed = true
    }

    private mutating func look(_ completion: Completion) throws(UringError) {
        guard completion.tag == 1 else { return }
        if completion.isFinal { isArmed = false }
        let good: Bool
        switch group.take(completion) {
        case .buffer(let buffer): good = check.matches(buffer)
        case .bundle(let bundle): good = check.matches(bundle)
        case .failed(let error):
            if error.errno == ECANCELED { return }
            throw error
        default: return
        }
        stage.require(good, "wrong bytes")
    }
}
