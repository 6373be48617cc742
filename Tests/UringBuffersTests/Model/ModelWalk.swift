// A group on the played kernel beside the model: one step on both, then everything is compared.

import CUring
import Glibc
import KernelSupport
import TestSupport
import UringBuffers

struct ModelShape: Sendable, CustomStringConvertible {
    let capacity: Int
    let bufferSize: Int
    let consumption: Consumption
    let policy: RefillPolicy
    var level = AccountingLevel.counters

    var description: String { "\(consumption), \(policy), \(level), \(capacity)×\(bufferSize)" }
}

final class ModelWalk {
    static let seed: UInt64 = 11

    let shape: ModelShape
    let kernel: PlayedKernel
    let group: BufferGroup
    let monitor = PoolMonitor()
    var model: PoolModel
    var completions: [PlayedCompletion] = []
    var buffers: [Held] = []
    var bundles: [Held] = []
    var slices: [Held] = []
    var tokens: [Held] = []
    var leases: [Held] = []
    /// Tags as the group made them, by the model's numbers.
    var tags: [OwnerTag] = [.none]
    var nextToken: UInt64 = 1
    var wrong: [String] = []
    /// Entries of the ring that were looked at.
    private var seenTail: UInt16 = 0
    private var slab = 0
    /// How often each kind of step did something.
    var done: [Operation.Kind: Int] = [:]

    init(_ shape: ModelShape) throws {
        self.shape = shape
        kernel = PlayedKernel(bufferSize: shape.bufferSize, seed: ModelWalk.seed)
        group = try BufferGroup(
            consumer: kernel, id: 5, capacity: shape.capacity, bufferSize: shape.bufferSize,
            consumption: shape.consumption, refill: shape.policy, level: shape.level, wakeOnReturn: nil)
        monitor.watch(group, named: "walk")
        model = PoolModel(capacity: shape.capacity, bufferSize: shape.bufferSize, consumption: shape.consumption)
        observe()
        model.forgetDips()
    }

    /// Every handle, whatever its kind.
    var held: [Held] { buffers + bundles + slices + tokens + leases }

    /// Plays the steps; returns the number of the first that went wrong, and what did.
    func play(_ steps: [Operation]) throws -> (step: Int, wrong: [String])? {
        for (number, step) in steps.enumerated() {
            perform(step)
            if step.kind != .refill { observe() }
            compare(thoroughly: number % 8 == 0)
            if !wrong.isEmpty { return (number, wrong) }
        }
        endEverything()
        observe()
        compare(thoroughly: true)
        do throws(UringError) {
            let report = try group.close()
            if !report.isEmpty || !report.holders.isEmpty { wrong.append("the close reports \(report)") }
        } catch { wrong.append("close: \(error)") }
        return wrong.isEmpty ? nil : (steps.count, wrong)
    }

    // MARK: Observing

    /// How much was taken home and published is the refill policy's; that it was free is the pool's promise.
    func observe() {
        let (lent, out) = (group.lent, model.out.count)
        if lent != out {
            if lent == out - model.returning.count {
                model.returning = []
            } else {
                wrong.append("\(lent) are out; the model has \(out), of which \(model.returning.count) returned")
            }
        }
        while seenTail != kernel.tail {
            let entry = kernel.entry(at: seenTail)
            let start = Int(entry.address) - Int(entry.bid) * shape.bufferSize
            if slab == 0 { slab = start }
            if start != slab || Int(entry.length) != shape.bufferSize || Int(entry.bid) >= shape.capacity {
                wrong.append("an entry of \(entry.length) bytes at \(entry.address) for bid \(entry.bid)")
                return
            }
            if !model.isFree(entry.bid) { wrong.append("bid \(entry.bid) was published while somebody has it") }
            model.published.append(entry.bid)
            seenTail &+= 1
        }
    }

    // MARK: Comparing

    private func compare(thoroughly: Bool) {
        func same<Value: Equatable>(_ name: String, _ book: Value, _ expected: Value) {
            if book != expected { wrong.append("\(name): \(book), and not \(expected)") }
        }
        let (books, missing) = (group.books(), group.missing())
        wrong += books.violations
        let states = books.states
        same(
            "states",
            [states.available, states.partial, states.lent, states.sending, states.cached, states.retired],
            model.states)
        same("total", books.states.total, shape.capacity)
        same("lent", group.lent, model.out.count)
        same("available", group.available, model.published.count)
        same(
            "missing", Dictionary(uniqueKeysWithValues: missing.buffers.map { ($0.id.rawValue, $0.state) }),
            model.missing)
        same("bytes", books.receivedBytes, model.receivedBytes)
        same("starvations", books.starvations, model.starvations)
        same("starving", group.starving, model.line.count)
        same("holders", missing.holders, Dictionary(uniqueKeysWithValues: model.holders.map { (tags[$0], $1) }))
        for tag in model.liveTags {
            same("allowance of \(tag)", group.allowance(for: tags[tag]), model.allowance(tag))
            if tag != 0 { same("held by \(tag)", group.held(by: tags[tag]), model.tags[tag].held) }
        }
        compareMonitor(books)
        compareTags(missing)
        let isUntaken = completions.contains { !$0.pieces.isEmpty || !$0.finished.isEmpty }
        same("untaken", (books.unreaped ?? -1) > 0, isUntaken)
        guard thoroughly else { return }
        for handle in held {
            wrong += handle.difference(slab: slab, bufferSize: shape.bufferSize, seed: ModelWalk.seed)
        }
        checkOverlaps()
    }

    /// Any thread sees what the owner's audit sees.
    private func compareMonitor(_ books: GroupSnapshot) {
        let snapshot = monitor.snapshot(including: .kernelHead)
        guard let seen = snapshot.groups.first, snapshot.isConsistent else {
            wrong.append("the monitor sees no consistent group")
            return
        }
        var expected = books
        expected.name = seen.name
        // Goes on while nothing is published.
        if seen.starvedNanoseconds >= books.starvedNanoseconds {
            expected.edges.starvedNanoseconds = seen.starvedNanoseconds
        }
        if seen != expected { wrong.append("the monitor sees \(seen), and the books are \(expected)") }
    }

    /// Above the level of counters the books know whom each whole buffer is charged to, and since when.
    private func compareTags(_ missing: MissingReport) {
        guard shape.level != .counters, !shape.consumption.isIncremental else { return }
        let seen = Dictionary(uniqueKeysWithValues: missing.buffers.map { ($0.id.rawValue, $0) })
        for handle in held {
            for piece in handle.pieces {
                guard let buffer = seen[piece.bid] else { continue }
                if buffer.tag != tags[handle.tag].index {
                    wrong.append("bid \(piece.bid) is charged to \(buffer.tag), and not to \(tags[handle.tag].index)")
                }
                if buffer.sinceNanoseconds ?? 0 <= 0 { wrong.append("bid \(piece.bid) is out since no time") }
                if shape.level == .forensic, buffer.history.isEmpty { wrong.append("bid \(piece.bid) has no history") }
            }
        }
    }

    /// No byte belongs to two handles; slices of one buffer count as one.
    private func checkOverlaps() {
        var roots: Set<ObjectIdentifier> = []
        var live: [Piece] = []
        for handle in held {
            guard let root = handle.root else {
                live += handle.pieces
                continue
            }
            if roots.insert(ObjectIdentifier(root)).inserted { live.append(root.piece) }
        }
        live.sort { ($0.bid, $0.offset) < ($1.bid, $1.offset) }
        for (one, other) in zip(live, live.dropFirst())
        where one.bid == other.bid && one.offset + one.length > other.offset {
            wrong.append("\(one) and \(other) overlap")
        }
    }
}
