// How much of a mapping is resident.

internal import CUring
import Glibc

enum Residency {
    /// The resident bytes of a page-aligned range.
    static func bytes(at address: UnsafeMutableRawPointer, count: Int) -> Int {
        let pages = count / SystemCalls.pageSize
        // Safe: the closure initialises what it says.
        let resident = unsafe [UInt8](unsafeUninitializedCapacity: pages) { map, initialized in
            // Safe: mincore writes one byte for each page of a range that we own.
            let knows = unsafe curing_fails(CURING_CALL_MINCORE) == 0 && mincore(address, count, map.baseAddress) == 0
            initialized = knows ? pages : 0
        }
        return resident.count(where: { $0 & 1 != 0 }) * SystemCalls.pageSize
    }
}
