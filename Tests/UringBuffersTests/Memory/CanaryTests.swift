// Canaries: while memory is given back, automatically and by hand, every byte of every live buffer stays what it was.

import CUring
import KernelSupport
import TestSupport
import Testing
import UringBuffers

@Suite struct CanaryTests {
    struct Cage: Sendable, CustomTestStringConvertible {
        var bufferSize: Int
        var capacity: Int
        var consumption = Consumption.whole
        var testDescription: String { "\(capacity) × \(bufferSize), \(consumption)" }
    }

    /// From 512 bytes to 64 KiB; whole pages, parts of pages, and across pages.
    static let cages =
        [16, 512, 1000, 1024, 2048, 3000, 4096, 5000, 8192, 16384, 65536].map {
            Cage(bufferSize: $0, capacity: $0 <= 1024 ? 2048 : $0 <= 8192 ? 512 : 128)
        } + [512, 3000, 16384].map { Cage(bufferSize: $0, capacity: 128, consumption: .incremental()) }

    /// The application's canaries fill the handles that it holds; the kernel's fill what is published, as if it were
    /// writing at that moment. Tides of holding make the window wide and narrow, and memory warm and cold.
    @Test(arguments: cages)
    func everyLiveByteStays(_ cage: Cage) throws {
        var trimmedBytes = 0
        try withSeed(rounds: 2) { generator in
            let kernel = PlayedKernel(bufferSize: cage.bufferSize, seed: generator.next())
            let group = try BufferGroup(
                consumer: kernel, id: 1, capacity: cage.capacity, bufferSize: cage.bufferSize,
                consumption: cage.consumption, refill: .adaptive, wakeOnReturn: nil)
            var held: [(handoff: Handoff<ProvidedBuffer>, mark: UInt64)] = []
            var windows: Set<Int> = []
            var mark: UInt64 = 0
            for _ in 0..<(cage.bufferSize > 5000 ? 25 : 60) {
                let tide = [0, 2, cage.capacity / 8, cage.capacity / 4, cage.capacity][generator.below(5)]
                while held.count < tide {
                    let bytes = cage.consumption.isIncremental ? 1 + generator.below(cage.bufferSize) : cage.bufferSize
                    let made = kernel.complete(bytes: bytes, most: 1, quietly: false)
                    switch group.take(result: made.result, flags: made.flags) {
                    case .buffer(let buffer):
                        mark &+= 1
                        buffer.fill(with: mark)
                        held.append((Handoff(buffer), mark))
                    case .starved: break
                    default: Issue.record("unexpected")
                    }
                    if group.available == 0, group.spares == 0 { break }
                    if generator.oneIn(8) { group.refill() }
                }
                while held.count > tide {
                    let one = held.remove(at: generator.below(held.count))
                    let buffer = one.handoff.take()
                    let isWhole = buffer.isFilled(with: one.mark)
                    #expect(isWhole, "canary \(one.mark) of bid \(buffer.id)")
                }
                windows.insert(group.window)
                let published = PublishedCanaries(kernel, seed: generator.next())
                // Many refills in which little happens: automatic trimming and gathering run their course.
                for _ in 0..<(generator.oneIn(2) ? 2200 : generator.below(300)) { group.refill() }
                switch generator.below(4) {
                case 0: group.trim()
                case 1: group.trim(keeping: generator.below(cage.capacity), most: 1 + generator.below(100))
                case 2: group.trim(keeping: 0)
                default: break
                }
                group.refill()
                #expect(published.areWhole, "a published buffer was touched")
                for position in held.indices {
                    let buffer = held[position].handoff.take()
                    let isWhole = buffer.isFilled(with: held[position].mark)
                    #expect(isWhole, "canary \(held[position].mark) of bid \(buffer.id)")
                    held[position].handoff.put(buffer)
                }
            }
            let books = group.books()
            #expect(books.balanced, "\(books.violations)")
            trimmedBytes += books.trimmedBytes
            if !cage.consumption.isIncremental { #expect(windows.count > 1, "\(windows)") }
            held = []
        }
        // In one seed of some thousands everything stays published, and there is nothing to trim; not in two.
        #expect(trimmedBytes > 0 || cage.bufferSize < 512)
    }
}

extension ProvidedBuffer {
    /// Fills every byte with a stream that names the canary.
    fileprivate borrowing func fill(with mark: UInt64) {
        var stream = ByteStream(seed: mark)
        let bytes = stream.next(count)
        // Safe: the buffer is the handle's, and has so many bytes.
        unsafe withUnsafeBytes { room in
            unsafe bytes.withUnsafeBytes {
                unsafe curing_copy_as_kernel(
                    UnsafeMutableRawPointer(mutating: room.baseAddress!), $0.baseAddress!, UInt64(room.count))
            }
        }
    }

    fileprivate borrowing func isFilled(with mark: UInt64) -> Bool {
        var stream = ByteStream(seed: mark)
        return stream.matches(self)
    }
}

/// What the kernel may be writing into buffers that are published.
private struct PublishedCanaries {
    let kernel: PlayedKernel
    let range: Range<Int>
    let seed: UInt64

    init(_ kernel: PlayedKernel, seed: UInt64) {
        self.kernel = kernel
        self.seed = seed
        range = Int(kernel.head)..<(Int(kernel.head) + kernel.selectable)
        for index in range {
            let entry = kernel.entry(at: UInt16(truncatingIfNeeded: index))
            var stream = ByteStream(seed: seed &+ UInt64(index))
            let bytes = stream.next(Int(entry.length))
            // Safe: a published entry's memory is the kernel's.
            unsafe bytes.withUnsafeBytes {
                unsafe curing_copy_as_kernel(
                    UnsafeMutableRawPointer(bitPattern: UInt(entry.address))!, $0.baseAddress!, UInt64($0.count))
            }
        }
    }

    var areWhole: Bool {
        range.allSatisfy { index in
            let entry = kernel.entry(at: UInt16(truncatingIfNeeded: index))
            var stream = ByteStream(seed: seed &+ UInt64(index))
            // Copied as the kernel does: the sanitizer would forbid us to look.
            var bytes = [UInt8](repeating: 0, count: Int(entry.length))
            unsafe bytes.withUnsafeMutableBytes {
                unsafe curing_copy_as_kernel(
                    $0.baseAddress!, UnsafeMutableRawPointer(bitPattern: UInt(entry.address))!, UInt64($0.count))
            }
            return stream.matches(bytes)
        }
    }
}
