// Whole lives, from the set-up over traffic to the end, that together make every system call of the library.

import Glibc
import KernelSupport
import RingArithmetic
import UringBuffers
import UringQueue

/// One life of a program that uses the library well.
struct Life: Sendable {
    let name: String
    /// A call that fails is an answer: no.
    var isQuestion = false
    let run: @Sendable (Stage) throws(UringError) -> Void

    static let all: [Life] =
        [
            plain, incremental, bundled, provided, chosen, kernelRing, memoryFile, hugePages, heap, overflowing,
            outliving, dropped, bareRing, regions,
        ]
        + sending + aside

    /// Runs a scene to its end even when something in it fails; the first error is the one that counts.
    static func play(
        _ stage: Stage, _ shape: Scene.Shape, _ body: (inout Scene) throws(UringError) -> Void
    ) throws(UringError) {
        var scene = try Scene(stage, shape)
        var failure: UringError?
        do throws(UringError) { try body(&scene) } catch { failure = error }
        do throws(UringError) { try scene.end() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    private static func traffic(_ name: String, bytes: Int = 3000, _ shape: Scene.Shape) -> Life {
        Life(name: name) { stage throws(UringError) in
            try play(stage, shape) { scene throws(UringError) in try scene.receive(bytes) }
        }
    }

    static let plain = traffic("plain", Scene.Shape())
    static let incremental = traffic("incremental", Scene.Shape(consumption: .incremental(minimumLeft: 0)))
    static let bundled = traffic("bundles", Scene.Shape(refill: .everything, options: .bundle))
    static let provided = traffic("provided by requests", Scene.Shape(mode: .providedBuffers))
    static let chosen = traffic("chosen by the queue", Scene.Shape(mode: .callerChosen))
    static let kernelRing = traffic("kernel ring memory", Scene.Shape(ringMemory: .kernel))
    static let hugePages = traffic(
        "huge pages, or none", Scene.Shape(slab: .hugePages(.twoMiB), slabOptions: .fallBack))

    static let memoryFile = Life(name: "memory file, trimming") { stage throws(UringError) in
        let shape = Scene.Shape(
            capacity: 64, bufferSize: 4096, slab: .memoryFile(name: "faults"), slabOptions: [.guardPages, .noReserve])
        try play(stage, shape) { scene throws(UringError) in
            try scene.receive(20_000)
            _ = scene.group.trim(keeping: 0)
            try scene.receive(20_000)
        }
    }

    static let heap = Life(name: "heap, no fork, trimming") { stage throws(UringError) in
        let shape = Scene.Shape(
            capacity: 64, bufferSize: 4096, slab: .alignedHeap, slabOptions: [.dontFork, .transparentHugePages])
        try play(stage, shape) { scene throws(UringError) in
            try scene.receive(20_000)
            _ = scene.group.trim(keeping: 0)
            try scene.receive(20_000)
        }
    }

    /// The last handle ends long after the group was closed.
    static let outliving = Life(name: "handle outlives group and queue") { stage throws(UringError) in
        var kept: ProvidedBuffer?
        try play(stage, Scene.Shape(ringMemory: .kernel)) { scene throws(UringError) in
            kept = try scene.receiveOne(100)
        }
        let count = kept?.count ?? 100
        stage.require(count == 100, "the handle lost its bytes")
        kept = nil
    }

    /// The kernel keeps completions aside.
    static let overflowing = Life(name: "full completion queue") { stage throws(UringError) in
        let queue = try UringQueue(entries: 2, completionEntries: 2, mode: .plain)
        for tag in 0..<20 { queue.nop(tag: UInt64(tag)) }
        try queue.submit()
        var seen: [UInt64] = []
        for _ in 0..<64 where seen.count < 20 {
            queue.forEachCompletion { seen.append($0.tag) }
        }
        for _ in 0..<64 where seen.count < 20 {
            try queue.wait(timeout: .seconds(5))
            queue.forEachCompletion { seen.append($0.tag) }
        }
        stage.require(seen == Array(0..<20) || seen.isEmpty, "lost completions: \(seen)")
    }

    /// Nobody closes the group.
    static let dropped = Life(name: "dropped without close") { stage throws(UringError) in
        var scene = try Scene(stage)
        try scene.receive(500)
    }

    static let bareRing = Life(name: "buffer ring alone") { stage throws(UringError) in
        let queue = try UringQueue(entries: 8)
        let memory = try PageMemory(byteCount: 4 * 4096, options: [.guardPages, .populate, .dontFork])
        let resident = memory.residentBytes
        stage.require(resident == 0 || resident == 4 * 4096, "\(resident) bytes are resident")
        for kind in RingMemoryKind.allCases {
            var ring = try BufferRing(ring: queue.descriptor, id: 5, capacity: RingCapacity(covering: 4)!, memory: kind)
            // Safe: the memory outlives the ring.
            for bid in 0..<4 {
                unsafe ring.add(
                    address: memory.baseAddress + bid * 4096, length: 4096, bid: BufferID(UInt16(bid)))
            }
            ring.publish()
            let head = try ring.kernelHead()
            stage.require(head == ring.head, "the kernel's head moved")
            try ring.unregister()
        }
    }

    /// A buffer ring and a slab on the ring's region, of our memory and of the kernel's.
    static let regions = Life(name: "memory region") { stage throws(UringError) in
        for isOurs in [true, false] {
            let queue = try UringQueue(entries: 8, waiting: .ordinary)
            var region =
                isOurs
                ? try MemoryRegion(ring: queue.descriptor, memory: PageMemory(byteCount: 4 * 4096))
                : try MemoryRegion(ring: queue.descriptor, kernelBytes: 4 * 4096)
            let entries = try region.carve(byteCount: 4096)
            var ring = try BufferRing(
                ring: queue.descriptor, id: 6, capacity: RingCapacity(covering: 4)!, entries: entries)
            stage.require(region.bytes.byteCount == 3 * 4096, "\(region.bytes.byteCount) bytes are left")
            let head = try ring.kernelHead()
            stage.require(head == ring.head, "the kernel's head moved")
            try ring.unregister()
        }
    }
}
