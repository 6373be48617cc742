// Blocking sockets of the tests, whose every wait ends in a failure that says who waited for what.

import Glibc

final class TestSocket {
    let descriptor: Int32
    let name: String
    private var isOpen = true

    init(adopting descriptor: Int32, name: String) { (self.descriptor, self.name) = (descriptor, name) }

    deinit { close() }

    /// Connects, from another loopback address if that is wanted; waits at most 30 s.
    static func connected(
        to address: Address, from host: String? = nil, name: String = "client", receiveBuffer: Int? = nil
    ) throws -> TestSocket {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let made = TestSocket(adopting: socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0), name: name)
        guard made.descriptor >= 0 else { throw TestFailure("\(name): no socket: errno \(errno)") }
        if let receiveBuffer { made.set(SOL_SOCKET, SO_RCVBUF, Int32(receiveBuffer)) }
        made.setTimeouts(seconds: 30)
        if let host {
            let result = unsafe Address(host: host, port: 0).withSocketAddress {
                unsafe bind(made.descriptor, $0, $1)
            }
            guard result == 0 else { throw TestFailure("\(name): cannot be \(host): errno \(errno)") }
        }
        let result = unsafe address.withSocketAddress { unsafe connect(made.descriptor, $0, $1) }
        guard result == 0 else { throw TestFailure("\(name): cannot connect to \(address): errno \(errno)") }
        made.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return made
    }

    static func listening(on address: Address) throws -> TestSocket {
        let family = address.isIPv6 ? AF_INET6 : AF_INET
        let made = TestSocket(
            adopting: socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0), name: "listener")
        made.set(SOL_SOCKET, SO_REUSEADDR, 1)
        let result = unsafe address.withSocketAddress { unsafe bind(made.descriptor, $0, $1) }
        guard result == 0, listen(made.descriptor, 1024) == 0 else {
            throw TestFailure("cannot listen on \(address): errno \(errno)")
        }
        return made
    }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        // Safe: the kernel reads one integer.
        _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    func setTimeouts(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
    }

    func localAddress() throws -> Address {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard result == 0 else { throw TestFailure("getsockname: errno \(errno)") }
        // Both families keep the port in the same place.
        let isIPv6 = address.sin6_family == sa_family_t(AF_INET6)
        return Address(host: isIPv6 ? "::1" : "127.0.0.1", port: Int(UInt16(bigEndian: address.sin6_port)))
    }

    /// The next client, or nil when the listener was shut down.
    func accept() -> TestSocket? {
        while true {
            let made = Glibc.accept(descriptor, nil, nil)
            if made >= 0 {
                // Other threads may start programs meanwhile: a copy there lives until that program ends.
                _ = fcntl(made, F_SETFD, FD_CLOEXEC)
                return TestSocket(adopting: made, name: "upstream's side")
            }
            guard errno == EINTR || errno == EAGAIN || errno == ECONNABORTED || errno == EMFILE else { return nil }
            usleep(1000)
        }
    }

    // MARK: Bytes

    /// Sends everything.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let result = unsafe bytes[sent...].withUnsafeBytes { unsafe sendOnce($0) }
            guard result > 0 else { throw TestFailure("\(name) sent \(sent) of \(bytes.count) bytes: \(reason)") }
            sent += result
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// One send call, repeated after signals.
    func sendOnce(_ bytes: UnsafeRawBufferPointer, flags: Int32 = 0) -> Int {
        while true {
            // Safe: the caller's bytes live through the call.
            let result = unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | flags)
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// At most `count` bytes; empty at the end of the stream.
    func receive(_ count: Int = 65536) throws -> [UInt8] {
        while true {
            var room = [UInt8](repeating: 0, count: count)
            // Safe: the kernel writes at most the room's size.
            let result = unsafe recv(descriptor, &room, count, 0)
            if result >= 0 { return Array(room[..<result]) }
            guard errno == EINTR else { throw TestFailure("\(name) receives: \(reason)") }
        }
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        var found: [UInt8] = []
        while found.count < count {
            let more: [UInt8]
            do { more = try receive(count - found.count) } catch {
                throw TestFailure("\(name) received \(found.count) of \(count) bytes: \(error)")
            }
            guard !more.isEmpty else {
                throw TestFailure("\(name): the stream ended after \(found.count) of \(count) bytes")
            }
            found += more
        }
        return found
    }

    /// Everything up to the end of the stream.
    func receiveAll() throws -> [UInt8] {
        var found: [UInt8] = []
        while true {
            let more = try receive()
            if more.isEmpty { return found }
            found += more
        }
    }

    /// Whether the connection comes to its end, or is reset, within 30 s; bytes on the way are thrown away.
    func ends() -> Bool {
        var room = [UInt8](repeating: 0, count: 65536)
        while true {
            let result = unsafe recv(descriptor, &room, room.count, 0)
            if result > 0 || (result < 0 && errno == EINTR) { continue }
            return result == 0 || errno != EAGAIN
        }
    }

    /// Reads nothing until the connection is gone.
    func waitForHangUp() {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        while polled.revents == 0, unsafe poll(&polled, 1, 1000) >= 0 {}
    }

    private var reason: String { errno == EAGAIN ? "nothing happened for 30 s" : "errno \(errno)" }

    // MARK: Ends

    func shutDownSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }
    func shutDownAll() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    func close() {
        guard isOpen else { return }
        isOpen = false
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Closes with a reset.
    func reset() {
        TestSocket.setResetOnClose(descriptor)
        close()
    }

    static func setResetOnClose(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        // Safe: the kernel reads one structure.
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
}
