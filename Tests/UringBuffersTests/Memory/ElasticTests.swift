// A burst that uses a whole pool, and back: what is resident follows, for buffers of every size.

import KernelSupport
import TestSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct ElasticTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var bufferSize: Int
        /// By one explicit `trim()` after another, or automatically.
        var isExplicit = false
        var isShuffled = true

        var capacity: Int { bufferSize <= 4096 ? 1024 : 256 }
        var testDescription: String {
            "\(capacity) × \(bufferSize)" + (isExplicit ? ", trim()" : ", automatic") + (isShuffled ? ", shuffled" : "")
        }
    }

    /// Sizes below a page, across pages, and of whole pages.
    static let shapes = [512, 1024, 3000, 4096, 65536].flatMap { size in
        [
            Shape(bufferSize: size), Shape(bufferSize: size, isShuffled: false),
            Shape(bufferSize: size, isExplicit: true),
        ]
    }

    /// The low load is a few messages at a time, checked byte by byte; the burst holds every buffer of the pool and ends
    /// them in an order of its own, so that what is warm then lies scattered over the slab.
    @Test(arguments: shapes)
    func aBurstAndBack(_ shape: Shape) throws {
        try withSeed { generator in
            let queue = try UringQueue()
            let link = CheckedLink(seed: generator.next())
            let group = try BufferGroup(
                ring: queue.descriptor, id: 1, capacity: shape.capacity, bufferSize: shape.bufferSize)
            group.trimsAutomatically = !shape.isExplicit
            func calm(_ messages: Int) throws {
                var held: [Handoff<ProvidedBuffer>] = []
                for _ in 0..<messages {
                    held.append(Handoff(try link.buffer(queue, group, bytes: shape.bufferSize)))
                    if held.count > 8 { held.remove(at: generator.below(held.count)).end() }
                }
            }
            try calm(2000)
            let low = group.residentBytes
            var held: [Handoff<ProvidedBuffer>] = []
            for _ in 0..<shape.capacity { held.append(Handoff(try link.buffer(queue, group, bytes: shape.bufferSize))) }
            let peak = group.residentBytes
            #expect(peak >= shape.capacity * shape.bufferSize)
            if shape.isShuffled { held.shuffle(using: &generator) }
            held = []
            // The window comes down, what it had published is used up, what is cold goes, the rest is gathered.
            for _ in 0..<(shape.capacity / 128 + 5) {
                try calm(1000)
                if shape.isExplicit { group.trim() }
            }
            let after = group.residentBytes
            #expect(after <= low * 11 / 10, "\(low >> 10) KiB before, \(peak >> 10) at the peak, \(after >> 10) after")
            let books = group.books()
            #expect(books.balanced, "\(books.violations)")
            try group.close()
        }
    }

    /// A burst in size: as many buffers as before, filled to the end for a while.
    @Test func largeMessagesAndBack() throws {
        let queue = try UringQueue()
        let link = CheckedLink(seed: 1)
        let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 256, bufferSize: 65536)
        func receive(_ messages: Int, bytes: Int) throws {
            for _ in 0..<messages { try link.buffer(queue, group, bytes: bytes).recycle() }
        }
        try receive(500, bytes: 5000)
        let low = group.residentBytes
        #expect(low <= 70 * 8192)
        try receive(200, bytes: 65536)
        #expect(group.residentBytes >= 60 * 65536)
        try receive(20_000, bytes: 5000)
        #expect(group.residentBytes <= low * 11 / 10)
        try group.close()
    }
}
