// Copies a file past the page cache: the disk reads into, and writes from, memory whose pages are pinned once.

import Glibc
import UringBuffers
import UringQueue

@main
struct DirectCopy {
    /// Bytes of one request, and how many are under way at a time.
    static let piece = 256 << 10
    static let depth = 8

    static func main() throws {
        guard CommandLine.arguments.count == 3 else { fatalError("usage: direct-copy FROM TO") }
        let source = open(CommandLine.arguments[1], O_RDONLY)
        let target = open(CommandLine.arguments[2], O_RDWR | O_CREAT | O_TRUNC)
        let size = Int(lseek(source, 0, SEEK_END))

        let queue = try UringQueue()
        let table = try FixedBufferTable(ring: queue.descriptor, slots: 1)
        var memory = try table.register(PageMemory(byteCount: piece * depth), in: 0)

        // A tag is the place in the file; its lowest bit says that the piece is on its way out.
        var next = 0
        var underWay = 0
        while next < size, memory.count > 0 {
            queue.read(from: source, at: next, into: memory.takeFirst(piece), tag: UInt64(next))
            next += piece
            underWay += 1
        }
        while underWay > 0 {
            try queue.wait()
            try queue.forEachCompletion { completion in
                // The range comes back with the end of its request, and goes on with the next one.
                guard let transfer = queue.takeTransfer(completion) else { return }
                let bytes = try transfer.result.get()
                let place = Int(completion.tag & ~1)
                if completion.tag & 1 == 0 {
                    // The disk takes whole blocks; what is too much at the end is cut off below.
                    let blocks = (bytes + 4095) & ~4095
                    queue.write(
                        transfer.range, first: blocks, to: target, at: place, tag: completion.tag | 1)
                } else if next < size {
                    queue.read(from: source, at: next, into: transfer.range, tag: UInt64(next))
                    next += piece
                } else {
                    underWay -= 1
                }
            }
        }
        ftruncate(target, size)
        print("copied \(size) bytes, past the page cache")
    }

    /// Opens a file past the page cache, or, where the file system has no such thing, as usual.
    static func open(_ path: String, _ flags: Int32) -> Int32 {
        var file = Glibc.open(path, flags | UringQueue.directOpenFlag, 0o644)
        if file < 0 && errno == EINVAL {
            print("\(path): this file system has no O_DIRECT")
            file = Glibc.open(path, flags, 0o644)
        }
        guard file >= 0 else { fatalError("\(path): \(String(cString: strerror(errno)))") }
        return file
    }
}
