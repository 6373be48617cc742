// What the kernel charges to the user's locked-memory limit, and how large a queue fits under it.

import CUring

enum LockedMemory {
    private static let page = 4096

    /// Bytes that this process may lock; `nil` without a limit.
    static var limit: Int? {
        let bytes = curing_locked_memory_limit()
        return bytes == .max ? nil : Int(clamping: bytes)
    }

    /// A queue with eight completions for each request: the requests, and both rings' indices with the completions.
    static func queue(entries: Int) -> Int { pages(entries * 64) + pages(entries * (8 * 16 + 4) + 256) }

    static func bufferRing(buffers: Int) -> Int { pages(buffers * 16) }

    /// The ring of one entry that asks for a feature of the kernel before the pool is used.
    static let probe = queue(entries: 1)

    /// Everything at once, with a queue of `entries`.
    static func total(entries: Int, buffers: Int) -> Int {
        queue(entries: entries) + bufferRing(buffers: buffers) + probe
    }

    private static func pages(_ bytes: Int) -> Int { (bytes + page - 1) / page * page }
}
