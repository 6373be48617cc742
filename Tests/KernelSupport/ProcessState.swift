// What the kernel says about this process: descriptors, mappings, resident bytes.

import Glibc

public enum ProcessState {
    /// The number of open descriptors.
    public static var descriptors: Int {
        var count = 0
        // Safe: the directory stream is used here alone and closed.
        guard let directory = unsafe opendir("/proc/self/fd") else { return -1 }
        while unsafe readdir(directory) != nil { count += 1 }
        _ = unsafe closedir(directory)
        return count
    }

    /// The number of open descriptors once it stands still: the test library opens and closes some of its own.
    public static var settledDescriptors: Int {
        var last = descriptors
        var same = 0
        for _ in 0..<1000 where same < 20 {
            usleep(1000)
            let now = descriptors
            same = now == last ? same + 1 : 0
            last = now
        }
        return last
    }

    /// What a descriptor refers to, `nil` when it is closed: numbers are reused at once, device and inode are not.
    public static func identity(of descriptor: Int32) -> [UInt64]? {
        var status = stat()
        // Safe: fstat fills the one value.
        return unsafe fstat(descriptor, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
    }

    /// The lines of /proc/self/maps.
    public static var mappings: [Substring] { text(of: "/proc/self/maps").split(separator: "\n") }

    /// Whether one mapping holds the whole range. Ask for a large one: small mappings of others move into holes at once.
    public static func isMapped(_ address: UInt, bytes: UInt = 1 << 28) -> Bool {
        mappings.contains { line in
            let bounds = line.prefix(while: { $0 != " " }).split(separator: "-").compactMap { UInt($0, radix: 16) }
            return bounds.count == 2 && bounds[0] <= address && address + bytes <= bounds[1]
        }
    }

    /// Mapped bytes in all (VmSize).
    public static var mappedBytes: Int {
        let pages = text(of: "/proc/self/statm").split(separator: " ").first.flatMap { Int($0) } ?? -1
        return pages * 4096
    }

    public static func text(of path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        precondition(descriptor >= 0, "cannot open \(path)")
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            // Safe: reads at most the chunk's size into it.
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
