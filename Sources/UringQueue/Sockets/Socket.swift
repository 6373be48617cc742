// Making TCP sockets.

internal import CUring
import Glibc
public import UringBuffers

/// System calls that set up sockets; everything after that goes through the queue.
public enum Socket {
    /// A listening socket, non-blocking and close-on-exec; one for an IPv6 address accepts IPv6 only (`IPV6_V6ONLY`).
    ///
    /// - Throws: ``UringError`` with `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `EMFILE`.
    public static func listen(on address: SocketAddress, backlog: Int = 4096) throws(UringError) -> Int32 {
        let made = try make(address.family)
        _ = set(SO_REUSEADDR, of: SOL_SOCKET, on: made, to: Int32(1))
        // So that a wildcard can be listened on for both families, each with its own socket.
        guard address.family != AF_INET6 || set(IPV6_V6ONLY, of: Int32(IPPROTO_IPV6), on: made, to: Int32(1)),
            bind(made, to: address),
            curing_fails(CURING_CALL_LISTEN) == 0, Glibc.listen(made, Int32(backlog)) == 0
        else {
            let number = UringErrno.current
            curing_close(made)
            throw UringError(.socket, errno: number)
        }
        return made
    }

    /// Gives a socket an address of its own before it connects or listens; port 0 for any. Returns whether that is possible.
    public static func bind(_ socket: Int32, to address: SocketAddress) -> Bool {
        guard curing_fails(CURING_CALL_BIND) == 0 else { return false }
        return unsafe withUnsafeBytes(of: address.storage) { bytes in
            // Safe: the storage holds a whole address of the given length.
            unsafe Glibc.bind(
                socket, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(address.length)) == 0
        }
    }

    private static func set<Value: BitwiseCopyable>(
        _ option: Int32, of level: Int32, on socket: Int32, to value: Value
    ) -> Bool {
        guard curing_fails(CURING_CALL_SETSOCKOPT) == 0 else { return false }
        // Safe: the kernel reads one value.
        return unsafe withUnsafePointer(to: value) {
            unsafe setsockopt(socket, level, option, $0, socklen_t(MemoryLayout<Value>.size)) == 0
        }
    }

    /// Starts to connect a non-blocking socket, outside any queue; it becomes writable when it is connected. Returns
    /// whether that is possible.
    public static func connect(_ socket: Int32, to address: SocketAddress) -> Bool {
        if curing_fails(CURING_CALL_CONNECT) != 0 { return UringErrno.current == EINPROGRESS }
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
        unsafe try address { unsafe curing_fails(CURING_CALL_GETSOCKNAME) != 0 ? -1 : getsockname(socket, $0, &$1) }
    }

    /// The address at the other end of a connected socket.
    public static func peerAddress(of socket: Int32) throws(UringError) -> SocketAddress {
        unsafe try address { unsafe curing_fails(CURING_CALL_GETPEERNAME) != 0 ? -1 : getpeername(socket, $0, &$1) }
    }

    private static func address(
        _ ask: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Int32
    ) throws(UringError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // Safe: the kernel writes at most `length` bytes.
        let result = unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe ask(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard result == 0 else { throw UringError(.socket, errno: UringErrno.current) }
        return SocketAddress(storage: storage, length: Int(length))
    }

    /// Sends small messages at once (`TCP_NODELAY`).
    public static func setNoDelay(_ socket: Int32) {
        // Sockets that are not TCP refuse, which is fine.
        _ = set(TCP_NODELAY, of: Int32(IPPROTO_TCP), on: socket, to: Int32(1))
    }

    /// Lets the kernel find out that a silent peer is gone (`SO_KEEPALIVE`, with the system's times).
    public static func setKeepAlive(_ socket: Int32) {
        _ = set(SO_KEEPALIVE, of: SOL_SOCKET, on: socket, to: Int32(1))
    }

    /// Makes the close of a connection a reset, which tells the peer that it was not a clean end (`SO_LINGER` 0).
    public static func setResetOnClose(_ socket: Int32) {
        _ = set(SO_LINGER, of: SOL_SOCKET, on: socket, to: linger(l_onoff: 1, l_linger: 0))
    }

    private static func make(_ family: Int32) throws(UringError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let made = curing_fails(CURING_CALL_SOCKET) != 0 ? -1 : socket(family, type, 0)
        guard made >= 0 else { throw UringError(.socket, errno: UringErrno.current) }
        return made
    }
}
