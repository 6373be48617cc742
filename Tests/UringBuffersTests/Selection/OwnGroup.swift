// A group of one's own: a buffer ring over plain memory, where every byte can be looked at.

import Glibc
import KernelSupport
import RingArithmetic
import UringBuffers
import UringQueue

@safe
final class OwnGroup {
    let requests: RawRequests
    let bufferSize: Int
    let count: Int
    private let buffers: BufferRing
    private let memory: UnsafeMutableRawPointer

    /// Publishes every buffer, in the order of the bids, filled with dashes.
    init(_ count: Int = 8, of bufferSize: Int = 64, consumption: Consumption = .whole) throws {
        requests = try RawRequests()
        self.bufferSize = bufferSize
        self.count = count
        // Safe, here and below: as many bytes as are published, freed when no request is left.
        unsafe memory = .allocate(byteCount: count * bufferSize, alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "-"), count: count * bufferSize)
        var ring = try BufferRing(
            ring: requests.ring.descriptor, id: 1, capacity: RingCapacity(count), consumption: consumption)
        for bid in 0..<count {
            unsafe ring.add(
                address: memory + bid * bufferSize, length: UInt32(bufferSize), bid: BufferID(UInt16(bid)))
        }
        ring.publish()
        buffers = ring
    }

    deinit {
        _ = try? requests.finish()
        unsafe memory.deallocate()
    }

    /// How many buffers the kernel has used up.
    var head: Int { get throws { try Int(buffers.kernelHead().rawValue) } }

    /// What lies in a buffer.
    func text(_ bid: Int, at offset: Int = 0, _ count: Int) -> String {
        // Safe: inside the memory, or it traps.
        precondition(bid * bufferSize + offset + count <= self.count * bufferSize)
        let bytes = unsafe UnsafeRawBufferPointer(start: memory + bid * bufferSize + offset, count: count)
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// Writes its own position into every fourth byte.
    func number() {
        let words = count * bufferSize / 4
        let typed = unsafe memory.bindMemory(to: UInt32.self, capacity: words)
        for index in 0..<words { unsafe typed[index] = UInt32(index * 4) }
    }
}

/// A descriptor of each kind, with a way to put data there.
final class OwnFile {
    let kind: FileKind
    let reader: Int32
    let writer: Int32
    private var isEnded = false
    private var pair: SocketPair?

    init(_ kind: FileKind, tcp: Bool = false) {
        self.kind = kind
        var ends: [Int32] = [-1, -1]
        switch kind {
        case .streamSocket, .unknown:
            let made = SocketPair(tcp ? .tcp : .unix)
            pair = made
            ends = [made.reader, made.writer]
        case .datagramSocket:
            // Safe, here and below: the calls write two descriptors, or the name.
            let result = unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends)
            precondition(result == 0, "socketpair: errno \(errno)")
        case .pollable: precondition(unsafe pipe(&ends) == 0, "pipe: errno \(errno)")
        case .regularFile:
            var name = Array("/tmp/uring-buffers-XXXXXX".utf8CString)
            ends[1] = unsafe mkstemp(&name)
            ends[0] = unsafe open(name, O_RDWR)
            precondition(ends[0] >= 0 && ends[1] >= 0, "mkstemp: errno \(errno)")
            unsafe unlink(name)
        }
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        guard pair == nil else { return }
        _ = close(reader)
        if !isEnded { _ = close(writer) }
    }

    /// Closes the writer's side.
    func end() {
        isEnded = true
        if let pair { pair.closeWriter() } else { _ = close(writer) }
    }

    /// An empty datagram.
    func sendNothing() {
        let count = send(writer, nil, 0, 0)
        precondition(count == 0, "send: \(count), errno \(errno)")
    }

    func write(_ text: String) { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) {
        // Safe: reads the array.
        let count = unsafe Glibc.write(writer, bytes, bytes.count)
        precondition(count == bytes.count, "write: \(count), errno \(errno)")
    }

    /// What the reader's side sent, or, for `fromReader`, what is still there; empty when nothing is.
    func read(fromReader: Bool = false) -> [UInt8] {
        // Safe: the closure initialises what it says.
        unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) { room, initialized in
            let end = fromReader ? reader : writer
            let count = unsafe recv(end, room.baseAddress, room.count, Int32(MSG_DONTWAIT))
            initialized = max(count, 0)
        }
    }
}

/// The kernel that runs, and whether what is claimed was measured on it.
enum RunningKernel {
    static var release: String {
        var name = utsname()
        precondition(unsafe uname(&name) == 0)
        // Safe: reads the one array of characters.
        return unsafe withUnsafeBytes(of: &name.release) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    static let isMeasured = release.hasPrefix("6.18.")
}
