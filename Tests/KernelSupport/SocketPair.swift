// Two connected stream sockets, filled and drained with blocking calls.

import CBareRing
import Glibc

/// What kind of connection a test runs over.
public enum SocketKind: String, Sendable, CaseIterable {
    case unix
    case tcp
}

/// A connection to oneself; both ends are closed when it goes away, unless a test did.
public final class SocketPair {
    /// The end that the test writes to.
    public let writer: Int32
    /// The end that the ring reads from.
    public let reader: Int32
    private var isWriterOpen = true
    private var isReaderOpen = true

    public init(_ kind: SocketKind = .unix) {
        switch kind {
        case .unix:
            var pair: [Int32] = [-1, -1]
            // Safe: socketpair writes the two descriptors.
            let result = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
            precondition(result == 0, "socketpair: errno \(errno)")
            (writer, reader) = (pair[0], pair[1])
        case .tcp:
            (writer, reader) = SocketPair.loopback()
        }
    }

    deinit {
        closeWriter()
        closeReader()
    }

    public func closeWriter() {
        if isWriterOpen { _ = close(writer) }
        isWriterOpen = false
    }

    public func closeReader() {
        if isReaderOpen { _ = close(reader) }
        isReaderOpen = false
    }

    /// Makes room for `bytes` bytes that nobody reads yet.
    public func enlarge(to bytes: Int32) {
        for (socket, option) in [(writer, SO_SNDBUFFORCE), (reader, SO_RCVBUFFORCE)] {
            var wanted = bytes
            // Safe: the kernel reads one integer.
            let result = unsafe setsockopt(
                socket, SOL_SOCKET, option, &wanted, socklen_t(MemoryLayout<Int32>.size))
            precondition(result == 0, "setsockopt: errno \(errno)")
        }
    }

    /// Shrinks the buffers so that a slow reader is felt soon.
    public func shrink(to bytes: Int32 = 4096) {
        for (socket, option) in [(writer, SO_SNDBUF), (reader, SO_RCVBUF)] {
            var wanted = bytes
            // Safe: the kernel reads one integer.
            _ = unsafe setsockopt(socket, SOL_SOCKET, option, &wanted, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Writes exactly these bytes, blocking.
    public func write(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            // Safe: within the array.
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(writer, raw.baseAddress! + done, raw.count - done)
            }
            precondition(count > 0, "write: errno \(errno)")
            done += count
        }
    }

    /// Reads up to `count` bytes from the reading end, blocking; empty at the end of the stream.
    public func read(_ count: Int) -> [UInt8] {
        // Safe: the closure initialises what it says.
        unsafe [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            let result = unsafe Glibc.read(reader, room.baseAddress, count)
            precondition(result >= 0, "read: errno \(errno)")
            initialized = result
        }
    }

    private static func loopback() -> (Int32, Int32) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        // Safe: the address is rebound to its own general form for the length of each call.
        let server = unsafe withUnsafeMutablePointer(to: &address) { typed in
            unsafe typed.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                precondition(unsafe bind(listener, general, length) == 0, "bind: errno \(errno)")
                precondition(listen(listener, 1) == 0, "listen: errno \(errno)")
                precondition(unsafe getsockname(listener, general, &length) == 0, "getsockname: errno \(errno)")
                precondition(unsafe connect(client, general, length) == 0, "connect: errno \(errno)")
                return accept(listener, nil, nil)
            }
        }
        precondition(server >= 0, "accept: errno \(errno)")
        _ = close(listener)
        var one: Int32 = 1
        // Safe: the kernel reads one integer.
        _ = unsafe setsockopt(
            client, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        return (client, server)
    }
}
