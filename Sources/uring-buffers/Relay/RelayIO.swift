// The queue and the pool that all flows of a relay share.

import Synchronization
import UringBuffers
import UringQueue

struct RelayIO: ~Copyable {
    let queue: UringQueue
    let group: BufferGroup
    let share: FairShare
    /// How many flows there are. One thread uses it; atomic so that it can change while the rest is borrowed.
    let flows = Atomic<Int>(0)
    private let bundles: Bool
    private let send: SendKind
    /// Multishot receives with a budget, which the kernel keeps to exactly (about Linux 6.17).
    private let hasBudget: Bool

    init(_ configuration: RelayConfiguration) throws {
        let queue = try RelayIO.makeQueue(buffers: configuration.buffers)
        guard configuration.send == .plain || queue.supportsZeroCopySend else { throw StartFailure.noZeroCopySends }
        let group = try RelayIO.makeGroup(configuration, on: queue)
        self.queue = queue
        self.group = group
        send = configuration.send
        share = FairShare(capacity: configuration.buffers, bufferSize: configuration.bufferSize)
        // A kernel that cannot be asked is taken for one that can do neither.
        let kernel = (try? KernelCapabilities.probe().usable(on: .current)) ?? .nothing
        hasBudget = kernel.has(.receiveBudget)
        let kind: Combination = configuration.consumption.isIncremental ? .incrementalBundles : .bundles
        // Without a budget a bundle can bring up to 256 buffers more than it was asked for: in a small pool, everything.
        bundles =
            configuration.bundles && kernel.allows(kind, on: .current)
            && (hasBudget || configuration.buffers >= 1024)
    }

    /// In the best way that the kernel has. Only one without buffer rings is asked what it has instead.
    private static func makeGroup(
        _ configuration: RelayConfiguration, on queue: borrowing UringQueue
    ) throws(UringError) -> BufferGroup {
        var mode = configuration.mode ?? .wholeBuffers
        if mode.usesRing {
            do throws(UringError) {
                return try BufferGroup(
                    ring: queue.descriptor, id: 0, capacity: configuration.buffers,
                    bufferSize: configuration.bufferSize, consumption: configuration.consumption,
                    refill: configuration.refill, ringMemory: configuration.ringMemory, level: configuration.level)
            } catch {
                guard !configuration.consumption.isIncremental, let kernel = try? KernelCapabilities.probe(),
                    !kernel.has(.bufferRings)
                else { throw error }
                mode = kernel.bestMode
            }
        }
        return try BufferGroup(
            on: queue, id: 0, capacity: configuration.buffers, bufferSize: configuration.bufferSize, mode: mode,
            level: configuration.level)
    }

    static let smallestQueue = 16
    static let usualQueue = 256

    /// All that is charged to the locked-memory limit at once: the queue, the pool's ring, and the ring that asks the
    /// kernel what it can do.
    static func plan(entries: Int, buffers: Int) -> MemlockPlan {
        .pool(entries: entries, completionEntries: entries * 8, buffers: buffers)
            .and(.queue(entries: 2, completionEntries: 4))
    }

    /// A large queue, or what the locked-memory limit allows beside the buffer ring: nothing is lost in a small one, it
    /// only costs more system calls.
    private static func makeQueue(buffers: Int) throws(UringError) -> UringQueue {
        let budget = MemlockBudget.current()
        var entries = usualQueue
        while entries > smallestQueue, !budget.fits(plan(entries: entries, buffers: buffers)) { entries /= 4 }
        while true {
            do { return try UringQueue(entries: entries, completionEntries: entries * 8) } catch {
                guard error.symbol == "ENOMEM", entries > smallestQueue else { throw error }
                entries /= 4
            }
        }
    }

    /// What a flow that holds `held` buffers may take now.
    func allowance(held: Int) -> FairShare.Allowance {
        share.allowance(
            held: held, free: group.available + group.spares, flows: flows.load(ordering: .relaxed))
    }

    /// Arms a receive of at most `allowance` buffers. `isBulk` tells whether the receive before filled a buffer.
    ///
    /// Small messages come cheapest to a multishot receive, which needs no request for each, and without bundles, whose
    /// look at the ring costs more than it brings. It goes on while its cancellation is under way, so it is for flows
    /// with room. Bulk comes cheapest to bundles that are asked for one by one: data that arrives while the last one is
    /// being sent gathers, so that bundles grow (a third less processor time for each byte than a multishot receive that
    /// wakes for every segment). A single receive makes them largest; a budget of one bundle keeps it to its size. A
    /// single receive in pieces knows no limit at all: only where there are no budgets.
    func receive(from socket: Int32, allowance: Int, mayOvershoot: Bool, isBulk: Bool, tag: RelayTag) {
        let bytes = allowance * group.bufferSize
        let isIncremental = group.consumption.isIncremental
        if isBulk, bundles, hasBudget, !mayOvershoot || isIncremental {
            queue.receiveMultishot(
                from: socket, into: group, limit: bytes, budget: bytes, options: .bundle, tag: tag.rawValue)
        } else if isBulk, bundles {
            queue.receive(
                from: socket, into: group, limit: isIncremental ? 0 : bytes, options: .bundle, tag: tag.rawValue)
        } else if hasBudget, allowance >= 16 {
            queue.receiveMultishot(from: socket, into: group, budget: bytes, tag: tag.rawValue)
        } else {
            queue.receive(from: socket, into: group, tag: tag.rawValue)
        }
    }

    /// Sends all of `bundle`; without copying when that is wanted and a flow may lend the kernel as many as `lending`.
    /// Then a notification may follow the result.
    func send(_ bundle: consuming BufferBundle, to socket: Int32, lending: Int, tag: RelayTag) {
        let free = group.available + group.spares
        if send == .zerocopy, share.mayLend(lending, free: free, flows: flows.load(ordering: .relaxed)) {
            queue.sendZeroCopy(bundle, to: socket, tag: tag.rawValue)
        } else {
            queue.send(bundle, to: socket, tag: tag.rawValue)
        }
    }
}
