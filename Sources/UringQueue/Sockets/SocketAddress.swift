// Addresses of TCP endpoints.

import Glibc

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Sendable, CustomStringConvertible {
    let storage: sockaddr_storage
    let length: Int

    init(storage: sockaddr_storage, length: Int) {
        self.storage = storage
        self.length = length
    }

    /// `AF_INET` or `AF_INET6`.
    var family: Int32 { Int32(storage.ss_family) }

    /// The port.
    public var port: Int {
        unsafe withUnsafeBytes(of: storage) { bytes in
            // Both address families keep the port, big-endian, in the third and fourth byte.
            unsafe Int(bytes[2]) << 8 | Int(bytes[3])
        }
    }

    /// The same address with another port.
    public func withPort(_ port: Int) -> SocketAddress {
        var copy = storage
        unsafe withUnsafeMutableBytes(of: &copy) { bytes in
            unsafe bytes[2] = UInt8(truncatingIfNeeded: port >> 8)
            unsafe bytes[3] = UInt8(truncatingIfNeeded: port)
        }
        return SocketAddress(storage: copy, length: length)
    }

    /// `address:port`, with brackets around an IPv6 address.
    public var description: String { family == AF_INET6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The address without its port, as numbers.
    public var host: String {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var copy = storage
        let error = unsafe withUnsafePointer(to: &copy) { pointer in
            // Safe: the storage holds a whole address of the given length.
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe getnameinfo(
                    address, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            }
        }
        guard error == 0 else { return "?" }
        return String(decoding: host.prefix(while: { $0 != 0 }).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The addresses that a host name or numeric address stands for, in the resolver's order; blocks while it asks.
    ///
    /// - Throws: ``AddressError`` with the resolver's sentence.
    public static func resolve(
        host: String, port: Int, forListening: Bool = false
    ) throws(AddressError) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV | (forListening ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let error = unsafe getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &list)
        guard error == 0 else {
            throw AddressError("cannot resolve '\(host)': \(unsafe String(cString: gai_strerror(error)))")
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            var storage = sockaddr_storage()
            let length = unsafe Int(entry.pointee.ai_addrlen)
            // Safe: the resolver's address has that length and fits the storage.
            unsafe withUnsafeMutableBytes(of: &storage) { bytes in
                unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: length))
            }
            found.append(SocketAddress(storage: storage, length: length))
            unsafe next = unsafe entry.pointee.ai_next
        }
        return found
    }

    /// Splits `host:port` or `[ipv6]:port`; the port is 0...65535.
    public static func split(_ text: String) throws(AddressError) -> (host: String, port: Int) {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard rest.hasPrefix(":") else { throw AddressError("'\(text)' needs a port, as in [::1]:8080") }
        } else if let colon = text.lastIndex(of: ":") {
            host = text[..<colon]
            rest = text[colon...]
            guard !host.contains(":") else {
                throw AddressError("'\(text)' is ambiguous: write an IPv6 address in brackets, as in [::1]:8080")
            }
        } else {
            throw AddressError("'\(text)' needs a port, as in 127.0.0.1:8080")
        }
        guard let port = Int(rest.dropFirst()), (0...65535).contains(port) else {
            throw AddressError("'\(rest.dropFirst())' is not a port, which is a number from 0 to 65535")
        }
        return (String(host), port)
    }
}

/// Why an address cannot be used, in one sentence.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
