// Lives that send what they received.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

extension Life {
    static let sending = [sendsAndShares, zeroCopy, fixedFiles, clones, underWay]

    static let sendsAndShares = Life(name: "sends") { stage throws(UringError) in
        try play(stage, Scene.Shape()) { scene throws(UringError) in
            let far = SocketPair()
            guard let first = try scene.receiveOne(200) else { return }
            scene.queue.send(first, to: far.writer, tag: 7)
            try awaitEnd(of: 7, in: scene)
            stage.require(far.read(1000).count == 200, "the bytes did not arrive")
            guard let second = try scene.receiveOne(100) else { return }
            scene.queue.send(second.share(), to: far.writer, tag: 8)
            try awaitEnd(of: 8, in: scene)
            stage.require(far.read(1000).count == 100, "the shared bytes did not arrive")
        }
    }

    static let zeroCopy = Life(name: "zero-copy sends, fixed buffers") { stage throws(UringError) in
        try play(stage, Scene.Shape(capacity: 4, bufferSize: 4096, sockets: .tcp)) { scene throws(UringError) in
            let table = try FixedBufferTable(ring: scene.queue.descriptor, slots: 2)
            let slot = try table.register(scene.group, in: 1)
            guard scene.queue.supportsZeroCopySend, let buffer = try scene.receiveOne(4096) else { return }
            let far = SocketPair(.tcp)
            scene.queue.sendZeroCopy(buffer, to: far.writer, fixedBuffer: slot, tag: 7)
            try awaitEnd(of: 7, in: scene)
            stage.require(far.read(8192).count > 0, "the bytes did not arrive")
            try table.clear(1)
        }
    }

    /// Registered memory and a group's buffers in slots, files read and written through them, slots replaced and reported.
    static let fixedFiles = Life(name: "files through fixed buffers") { stage throws(UringError) in
        let reports: UInt64 = 1 << 62
        let shape = Scene.Shape(capacity: 4, bufferSize: 4096)
        let (zero, null) = unsafe (open("/dev/zero", O_RDONLY), open("/dev/null", O_WRONLY))
        defer { for file in [zero, null] { _ = close(file) } }
        try play(stage, shape) { scene throws(UringError) in
            let table = try FixedBufferTable(ring: scene.queue.descriptor, slots: 2, reports: reports)
            let slot = try table.register(scene.group, in: 1)
            var range = try table.register(PageMemory(byteCount: 8192), in: 0)
            scene.queue.read(from: zero, at: 0, into: range.takeFirst(4096), tag: 7)
            try awaitEnd(of: 7, in: scene)
            guard let buffer = try scene.receiveOne(4096) else { return }
            scene.queue.write(buffer, to: null, at: 0, fixedBuffer: slot, tag: 8)
            try awaitEnd(of: 8, in: scene)
            _ = try table.register(PageMemory(byteCount: 4096), in: 0, replacing: true).count
            try awaitEnd(of: reports + 2, in: scene)
            stage.require(table.takeReport(tag: reports + 2)?.slot == range.slot, "no report of the replaced slot")
            try table.close()
        }
    }

    /// The slots of one ring's table in another's.
    static let clones = Life(name: "cloned fixed buffers") { stage throws(UringError) in
        let other = try UringQueue(entries: 8, waiting: .ordinary)
        let source = try FixedBufferTable(ring: other.descriptor, slots: 2)
        let range = try source.register(PageMemory(byteCount: 4096), in: 1)
        try play(stage, Scene.Shape()) { scene throws(UringError) in
            let table = try FixedBufferTable(ring: scene.queue.descriptor, cloning: source)
            try table.clone(1..<2, of: source, to: 0, replacing: true)
            stage.require(table.slot(at: 0)?.byteCount == range.count, "the clone is another")
            try scene.receive(500)
        }
    }

    /// The queue ends while a send waits for room.
    static let underWay = Life(name: "send under way at the end") { stage throws(UringError) in
        let far = SocketPair()
        far.shrink()
        var scene = try Scene(stage, Scene.Shape(capacity: 4, bufferSize: 65536))
        let buffer: ProvidedBuffer?
        do throws(UringError) { buffer = try scene.receiveOne(65536) } catch {
            try? scene.end()
            throw error
        }
        if let buffer { scene.queue.send(buffer, to: far.writer, tag: 7) }
        var failure: UringError?
        do throws(UringError) { try scene.queue.submit() } catch { failure = error }
        do throws(UringError) { try scene.end() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    /// Waits until a send and its notification are over, also after an error; the first one counts.
    private static func awaitEnd(of tag: UInt64, in scene: borrowing Scene) throws(UringError) {
        var failure: UringError?
        var isOver = false
        for _ in 0..<8 where !isOver {
            do throws(UringError) {
                for completion in try scene.completions() where completion.tag == tag && completion.isFinal {
                    isOver = true
                }
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}
