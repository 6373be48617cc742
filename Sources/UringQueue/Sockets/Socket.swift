// Making TCP sockets.

import Glibc
public import UringBuffers

/// System calls that set up sockets; everything after that goes through the queue.
public enum Socket {
    /// A listening socket, non-blocking and close-on-exec; one for an IPv6 address accepts IPv6 only (`IPV6_V6ONLY`).
    ///
    /// - Throws: ``UringError`` with `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`.
    public static func listen(on address: SocketAddress, backlog: Int = 4096) throws(UringError) -> Int32 {
        let made = try make(address.family)
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Safe: the kernel reads one integer.
        _ = unsafe setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, size)
        // So that a wildcard can be listened on for both families, each with its own socket.
        if address.family == AF_INET6 { _ = unsafe setsockopt(made, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size) }
        let bound = unsafe withUnsafeBytes(of: address.storage) { bytes in
            // Safe: the storage holds a whole address of the given length.
            unsafe bind(made, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(address.length))
        }
        guard bound == 0, Glibc.listen(made, Int32(backlog)) == 0 else {
            let number = UringErrno.current
            _ = close(made)
            throw UringError(.socket, errno: number)
        }
        return made
    }

    /// Starts to connect a non-blocking socket, outside any queue; it becomes writable when it is connected. Returns
    /// whether that is possible.
    public static func connect(_ socket: Int32, to address: SocketAddress) -> Bool {
        let result = unsafe withUnsafeBytes(of: address.storage) { bytes in
            // Safe: the storage holds a whole address of the given length.
            unsafe Glibc.connect(
                socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(address.length))
        }
        return result == 0 || UringErrno.current == EINPROGRESS
    }

    /// A socket to connect to `address` with, non-blocking and close-on-exec.
    public static func make(for address: SocketAddress) throws(UringError) -> Int32 { try make(address.family) }

    /// The address that a socket is bound to: the port that the kernel chose, for example.
    public static func localAddress(of socket: Int32) throws(UringError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            // Safe: the kernel writes at most `length` bytes.
            unsafe getsockname(socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard result == 0 else { throw UringError(.socket, errno: UringErrno.current) }
        return SocketAddress(storage: storage, length: Int(length))
    }

    /// Sends small messages at once (`TCP_NODELAY`).
    public static func setNoDelay(_ socket: Int32) {
        var one: Int32 = 1
        // Safe: the kernel reads one integer. Sockets that are not TCP refuse, which is fine.
        _ = unsafe setsockopt(
            socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Lets the kernel find out that a silent peer is gone (`SO_KEEPALIVE`, with the system's times).
    public static func setKeepAlive(_ socket: Int32) {
        var one: Int32 = 1
        // Safe: the kernel reads one integer.
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Makes the close of a connection a reset, which tells the peer that it was not a clean end (`SO_LINGER` 0).
    public static func setResetOnClose(_ socket: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        // Safe: the kernel reads one structure.
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    private static func make(_ family: Int32) throws(UringError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let made = socket(family, type, 0)
        guard made >= 0 else { throw UringError(.socket, errno: UringErrno.current) }
        return made
    }
}
