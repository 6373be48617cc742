// A ring, a connection and a group, any of which can be dropped at any moment.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

/// A ring, a connection and a group that can be dropped at any moment.
final class DropScene {
    static let capacity = 8
    static let bufferSize = 64
    /// What the slab takes, in whole pages.
    static let slabBytes = 4096

    let mode: ChurnMode
    let ring: BareRing
    let pair = SocketPair()
    var group: BufferGroup?
    var bytes = ByteStream(seed: 3)
    var check = ByteStream(seed: 3)
    let abandonedBefore = BufferGroup.abandonedBytes

    init(_ mode: ChurnMode) throws {
        self.mode = mode
        ring = try BareRing()
        group = try BufferGroup(
            ring: ring.descriptor, id: 1, capacity: DropScene.capacity, bufferSize: DropScene.bufferSize,
            consumption: mode.consumption(bufferSize: DropScene.bufferSize))
    }

    // MARK: Steps

    func arm(multishot: Bool = false) {
        let group = group.take()!
        ring.receive(from: pair.reader, into: group, multishot: multishot, bundle: mode.bundles, tag: 1)
        self.group = consume group
    }

    func arrive(_ count: Int) throws -> Completion {
        pair.write(bytes.next(count))
        arm()
        return try ring.completions(atLeast: 1)[0]
    }

    func take(_ completion: Completion) -> TakeOutcome {
        let group = group.take()!
        let outcome = group.take(completion)
        self.group = consume group
        return outcome
    }

    /// A handle with the next bytes: a buffer, or a bundle when they meet the end of one.
    func buffer(_ count: Int = 10) throws -> Kept {
        let place = check
        switch take(try arrive(count)) {
        case .buffer(let buffer):
            check.skip(buffer.count)
            return Kept(buffer, at: place)
        case .bundle(let bundle):
            check.skip(bundle.byteCount)
            return Kept(bundle, at: place)
        default: fatalError("nothing came")
        }
    }

    /// Several buffers in one handle, however they came.
    func bundle() throws -> BufferBundle {
        var all: BufferBundle?
        var left = 150
        pair.write(bytes.next(left))
        while left > 0 {
            arm()
            var more: BufferBundle
            switch take(try ring.completions(atLeast: 1)[0]) {
            case .buffer(let buffer): more = BufferBundle(buffer)
            case .bundle(let bundle): more = bundle
            default: fatalError("nothing came")
            }
            left -= more.byteCount
            if var known = all.take() {
                known.append(more)
                more = known
            }
            all = consume more
        }
        return all.take()!
    }

    /// What is wrong with a group whose handles have all ended, closing it included.
    func audit() -> String? {
        let group = group.take()!
        group.refill()
        let (books, missing) = (group.books(), group.missing())
        let home = group.lent == 0 && missing.isEmpty && books.balanced && books.unreaped == 0
        guard home else { return "\(group.lent) out, \(missing), \(books)" }
        do throws(UringError) {
            let report = try group.close()
            return report.isEmpty ? auditMemory() : "the close reports \(report)"
        } catch { return "\(error)" }
    }

    /// What is wrong after everything is gone.
    func auditMemory(abandoned: Int = 0) -> String? {
        let bytes = BufferGroup.abandonedBytes - abandonedBefore
        return bytes == abandoned ? nil : "\(bytes) bytes were abandoned, and not \(abandoned)"
    }

    /// What is wrong with a receive that was armed when its group went away.
    func afterTheGroup() throws -> String? {
        pair.write([1])
        let result = try ring.completions(atLeast: 1)[0].result
        return result == -ENOBUFS || result == -ENOENT ? auditMemory() : "the receive ended with \(result)"
    }

    /// Ends what outlived the group; its bytes must be good until then.
    func outlived(_ kept: [Kept], elsewhere: Bool = false) -> String? {
        for some in kept {
            guard some.isIntact() else { return "bytes are gone" }
            if elsewhere { onOtherThread { some.end() } } else { some.end() }
        }
        return auditMemory()
    }

    func close() throws -> MissingReport {
        let group = group.take()!
        return try group.close()
    }
}
