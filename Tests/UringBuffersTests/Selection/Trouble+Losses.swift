// Requests that lose buffers or cut messages, and sends that go wrong, one demonstration for each rule.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

extension Trouble {
    static func sendBundleLength() throws -> Demonstration {
        let group = try OwnGroup()
        let file = OwnFile(.streamSocket)
        group.requests.push(request(.send, .bundle, length: 100), on: file.reader)
        let results = try group.requests.finish().map(\.result)
        let sent = file.read().count
        return Demonstration(sent > 100, "100 bytes to send, \(sent) sent, completions \(results)")
    }

    /// The data is there, the buffer is used up, and nobody hears of it.
    static func skipSuccess() throws -> Demonstration {
        let group = try OwnGroup()
        let file = OwnFile(.streamSocket)
        file.write("abcdefgh")
        group.requests.push(request(.receive, .skipSuccess), on: file.reader)
        let ends = try group.requests.finish()
        let (head, text) = (try group.head, group.text(0, 8))
        return Demonstration(ends.isEmpty && head == 1 && text == "abcdefgh", "\(ends), head \(head), buffer \(text)")
    }

    /// A part of what was asked for was sent, and the next send goes on after all of it.
    static func incrementalSend() throws -> Demonstration {
        let asked = 500_000
        let group = try OwnGroup(1, of: 1 << 20, consumption: .incremental())
        group.number()
        let file = OwnFile(.streamSocket)
        group.requests.push(request(.send, length: asked), on: file.reader)
        let sent = Int(try group.requests.finish().first?.result ?? 0)
        while !file.read().isEmpty {}
        group.requests.push(request(.send, length: 8), on: file.reader)
        _ = try group.requests.completions(atLeast: 1)
        let bytes = file.read()
        let position = bytes.prefix(4).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        return Demonstration(
            sent > 0 && sent < asked && bytes.count == 8 && position == asked,
            "\(sent) of \(asked) sent, the next send starts at \(position)")
    }

    /// The first datagram is gone without one of its bytes.
    static func headerFillsBuffer() throws -> Demonstration {
        let group = try OwnGroup(of: 16)
        let file = OwnFile(.datagramSocket)
        file.write("first")
        file.write("second")
        group.requests.push(request(.receiveMessageMultishot(headerBytes: 16)), on: file.reader)
        let ends = try group.requests.finish()
        let left = String(decoding: file.read(fromReader: true), as: UTF8.self)
        return Demonstration(
            ends.map(\.result) == [16] && ends[0].isFinal && left == "second", "\(ends), left in the socket: \(left)")
    }

    static func incrementalDatagram() throws -> Demonstration {
        let lengths = try datagramLengths(.incremental())
        return Demonstration(lengths == [300, 300, 300, 124], "four datagrams of 300 bytes: \(lengths)")
    }

    /// What four datagrams of 300 bytes become in buffers of 1 KiB.
    static func datagramLengths(_ consumption: Consumption) throws -> [Int32] {
        let group = try OwnGroup(of: 1024, consumption: consumption)
        let file = OwnFile(.datagramSocket)
        for _ in 0..<4 { file.write(String(repeating: "a", count: 300)) }
        group.requests.push(request(.receiveMultishot), on: file.reader)
        return try group.requests.finish().map(\.result).filter { $0 >= 0 }
    }
}
