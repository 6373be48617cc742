// What the kernel says about this process and thread in /proc.

internal import CUring
import Glibc

struct ProcessStatus {
    /// Bytes that were pinned for the process (`VmPin`).
    var pinnedBytes = 0
    /// Whether this thread has CAP_IPC_LOCK where the kernel looks for it: in the first user namespace.
    var mayLockMemory = false

    /// Everything is 0 and false where /proc is not there.
    static func read() -> ProcessStatus {
        var status = ProcessStatus()
        // The kernel asks the calling thread; "self" would be the first one, which may have other privileges, or be gone.
        for line in SystemFile.text("/proc/thread-self/status").split(separator: "\n") {
            let words = line.split { $0 == "\t" || $0 == " " }
            guard words.count >= 2 else { continue }
            if words[0] == "VmPin:" { status.pinnedBytes = (Int(words[1]) ?? 0) * 1024 }
            if words[0] == "CapEff:" {
                status.mayLockMemory = (UInt64(words[1], radix: 16) ?? 0) & capabilityToLock != 0 && isInFirstNamespace
            }
        }
        return status
    }

    private static let capabilityToLock: UInt64 = 1 << 14

    /// The first user namespace has a fixed inode number (PROC_USER_INIT_INO).
    private static var isInFirstNamespace: Bool {
        var status = stat()
        // Safe: the call fills the one value.
        guard curing_fails(CURING_CALL_STAT) == 0, unsafe stat("/proc/thread-self/ns/user", &status) == 0 else {
            return true
        }
        return status.st_ino == 0xefff_fffd
    }
}

/// Small files of the kernel.
package enum SystemFile {
    /// The text of a file; empty when it cannot be read.
    package static func text(_ path: String) -> String {
        let descriptor = unsafe curing_fails(CURING_CALL_OPEN) != 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { curing_close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        var interruptions = 0
        while true {
            // Safe: reads at most the chunk's size into it.
            let count = unsafe curing_fails(CURING_CALL_READ) != 0 ? -1 : Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR, interruptions < 16 {
                interruptions += 1
                continue
            }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
