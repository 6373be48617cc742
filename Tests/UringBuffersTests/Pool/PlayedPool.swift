// A pool whose classes' kernels are played: receives complete when a test says so, and every byte has a place.

import KernelSupport
import TestSupport
import Testing
import UringBuffers

/// A buffer or segment that a test holds, and the place of its bytes in its class's stream.
struct PlayedHold {
    let index: Int
    let handoff: Handoff<ProvidedBuffer>
    let place: UInt64
    let count: Int
}

struct PlayedPool: ~Copyable {
    let pool: BufferPool
    let kernels: [PlayedKernel]
    let seed: UInt64
    var held: [PlayedHold] = []
    /// Per class: completions with a buffer, and starvations.
    var taken: [Int]
    var starved: [Int]

    init(_ classes: [SizeClass], budget: Int, seed: UInt64) throws {
        let kernels = classes.indices.map {
            PlayedKernel(bufferSize: classes[$0].bufferSize, seed: seed &+ UInt64($0))
        }
        pool = try BufferPool(PoolPlan(classes, budget: budget, firstID: 5)) { one, id, share throws(UringError) in
            try BufferGroup(
                consumer: kernels[Int(id.rawValue) - 5], id: id, capacity: one.capacity, bufferSize: one.bufferSize,
                consumption: one.consumption, refill: one.refill, wakeOnReturn: nil, share: share)
        }
        self.kernels = kernels
        self.seed = seed
        taken = classes.map { _ in 0 }
        starved = taken
    }

    /// One receive of up to `bytes` bytes from the class; what it brings is checked and held. False when it starved.
    mutating func receive(_ bytes: Int, class index: Int) -> Bool {
        let size = pool.bufferSizes[index]
        let made = kernels[index].complete(bytes: min(bytes, size), most: 1, quietly: false)
        switch pool[class: index].take(result: made.result, flags: made.flags) {
        case .buffer(let buffer):
            taken[index] += 1
            let hold = PlayedHold(
                index: index, handoff: Handoff(buffer), place: made.pieces[0].place, count: Int(made.result))
            held.append(hold)
            return true
        case .starved:
            #expect(made.result < 0)
            starved[index] += 1
            return false
        default:
            Issue.record("a completion \(made.result) of class \(index) became something else")
            return false
        }
    }

    /// Ends one that is held, after a look at every byte; on another thread, if wanted.
    mutating func end(at position: Int, elsewhere: Bool = false) {
        let one = held.remove(at: position)
        var stream = ByteStream(seed: seed &+ UInt64(one.index), at: one.place)
        let buffer = one.handoff.take()
        let isWhole = buffer.count == one.count && stream.matches(buffer)
        #expect(isWhole, "class \(one.index), bytes from \(one.place)")
        guard elsewhere else { return buffer.recycle() }
        let moved = Handoff(buffer)
        onOtherThread { moved.end() }
    }

    /// What must hold at any moment.
    func check() {
        let committed = pool.committedBytes
        #expect(committed <= pool.budget)
        #expect(pool.residentBytes <= committed, "\(pool.residentBytes) resident, \(committed) committed")
        let books = pool.books()
        #expect(books.balanced, "\(books.violations)")
        #expect(books.committedBytes == books.committed.reduce(0, +))
        #expect(books.states.total == books.capacity)
        #expect(books.states.lent == held.count)
        #expect(books.classes.map(\.selected) == taken)
        #expect(books.classes.map(\.starvations) == starved)
    }
}
