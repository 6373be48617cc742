// The table of completions: who owns the buffer after each kind of end, and how to make the kernel end so.

import Glibc
import Testing
import UringBuffers
import UringQueue

/// One situation: what the kernel posts then, and whether it used up a buffer of the ring.
struct CompletionRow: Sendable, CustomTestStringConvertible {
    /// What a completion says and what the kernel's head did.
    struct End: Equatable, Sendable {
        var result: Int32
        var hasBuffer: Bool
        var keepsBuffer = false
        var isConsumed: Bool

        static func bare(_ result: Int32) -> End { End(result: result, hasBuffer: false, isConsumed: false) }
        static func consumed(_ result: Int32) -> End { End(result: result, hasBuffer: true, isConsumed: true) }
        static func kept(_ result: Int32) -> End {
            End(result: result, hasBuffer: true, keepsBuffer: true, isConsumed: false)
        }
    }

    let name: String
    let whole: End
    /// In an incremental group; `nil` where the combination is refused.
    let incremental: End?
    let provoke: @Sendable (CompletionLane) throws -> Completion

    init(
        _ name: String, _ whole: End, incremental: End?,
        _ provoke: @escaping @Sendable (CompletionLane) throws -> Completion
    ) {
        self.name = name
        self.whole = whole
        self.incremental = incremental
        self.provoke = provoke
    }

    init(_ name: String, _ end: End, _ provoke: @escaping @Sendable (CompletionLane) throws -> Completion) {
        self.init(name, end, incremental: end, provoke)
    }

    var testDescription: String { name }

    static let all = receives + reads + pending + withoutBuffers

    static let receives: [CompletionRow] = [
        CompletionRow("receive: data", .consumed(3), incremental: .kept(3)) { lane in
            let file = OwnFile(.streamSocket)
            file.write("abc")
            return try lane.end(.receive, on: file.reader)
        },
        CompletionRow("receive: end of stream, at once", .bare(0)) { lane in
            let file = OwnFile(.streamSocket)
            file.end()
            return try lane.end(.receive, on: file.reader)
        },
        CompletionRow("receive: end of stream, after waiting", .bare(0)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receive, on: file.reader) { file.end() }
        },
        CompletionRow("receive multishot: end of stream", .bare(0)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receiveMultishot, on: file.reader) { file.end() }
        },
        CompletionRow("receive: empty datagram", .bare(0)) { lane in
            let file = OwnFile(.datagramSocket)
            file.sendNothing()
            return try lane.end(.receive, on: file.reader)
        },
        CompletionRow("receive: ENOTCONN", .bare(-ENOTCONN)) { lane in
            try lane.withUnconnected { try lane.end(.receive, on: $0) }
        },
        CompletionRow("receive: EAGAIN", .bare(-EAGAIN)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receive, on: file.reader, messageFlags: MSG_DONTWAIT)
        },
        CompletionRow("receive: EFAULT", .bare(-EFAULT)) { lane in
            let file = OwnFile(.streamSocket)
            file.write("abc")
            return try lane.withForbiddenMemory { try lane.end(.receive, on: file.reader) }
        },
        CompletionRow("receive on a worker: end of stream", .consumed(0)) { lane in
            let file = OwnFile(.streamSocket)
            file.end()
            return try lane.end(.receive, on: file.reader, .async)
        },
        CompletionRow("receive on a worker: ENOTCONN", .consumed(-ENOTCONN)) { lane in
            try lane.withUnconnected { try lane.end(.receive, on: $0, .async) }
        },
        CompletionRow("receive on a worker: EAGAIN", .consumed(-EAGAIN)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receive, on: file.reader, .async, messageFlags: MSG_DONTWAIT)
        },
        CompletionRow("receive on a worker: EFAULT", .consumed(-EFAULT)) { lane in
            let file = OwnFile(.streamSocket)
            file.write("abc")
            return try lane.withForbiddenMemory { try lane.end(.receive, on: file.reader, .async) }
        },
        CompletionRow("message multishot: empty payload", .consumed(16), incremental: nil) { lane in
            let file = OwnFile(.datagramSocket)
            file.sendNothing()
            return try lane.end(.receiveMessageMultishot(headerBytes: 16), on: file.reader)
        },
    ]

    static let reads: [CompletionRow] = [
        CompletionRow("read of a socket: end of stream", .consumed(0), incremental: .kept(0)) { lane in
            let file = OwnFile(.streamSocket)
            file.end()
            return try lane.end(.read, on: file.reader)
        },
        CompletionRow("read of a pipe: end of stream", .consumed(0), incremental: .kept(0)) { lane in
            let file = OwnFile(.pollable)
            file.end()
            return try lane.end(.read, on: file.reader)
        },
        CompletionRow("read of a socket: empty datagram", .consumed(0), incremental: .kept(0)) { lane in
            let file = OwnFile(.datagramSocket)
            file.sendNothing()
            return try lane.end(.read, on: file.reader)
        },
        CompletionRow("read of /dev/null", .consumed(0)) { lane in
            try lane.withPath("/dev/null", O_RDONLY) { try lane.end(.read, on: $0) }
        },
        CompletionRow("read of a regular file: end of file", .consumed(0)) { lane in
            let file = OwnFile(.regularFile)
            return try lane.end(.read, on: file.reader)
        },
        CompletionRow("read of a directory: EISDIR", .consumed(-EISDIR)) { lane in
            try lane.withPath("/", O_RDONLY | O_DIRECTORY) { try lane.end(.read, on: $0) }
        },
        CompletionRow("read of a file opened for writing: EBADF", .consumed(-EBADF)) { lane in
            try lane.withPath("/dev/null", O_WRONLY) { try lane.end(.read, on: $0) }
        },
        CompletionRow("read of a pipe's other end: EBADF", .bare(-EBADF)) { lane in
            let file = OwnFile(.pollable)
            return try lane.end(.read, on: file.writer)
        },
        CompletionRow("read of nothing: EBADF", .bare(-EBADF)) { lane in try lane.end(.read, on: .max) },
        CompletionRow("read of a socket: ENOTCONN", .bare(-ENOTCONN)) { lane in
            try lane.withUnconnected { try lane.end(.read, on: $0) }
        },
        CompletionRow("read on a worker: end of stream", .consumed(0)) { lane in
            let file = OwnFile(.streamSocket)
            file.end()
            return try lane.end(.read, on: file.reader, .async)
        },
        CompletionRow("read on a worker of a pipe's other end: EBADF", .consumed(-EBADF)) { lane in
            let file = OwnFile(.pollable)
            return try lane.end(.read, on: file.writer, .async)
        },
        CompletionRow("read on a worker of nothing: EBADF", .bare(-EBADF)) { lane in
            try lane.end(.read, on: .max, .async)
        },
        CompletionRow("read on a worker: ENOTCONN", .consumed(-ENOTCONN)) { lane in
            try lane.withUnconnected { try lane.end(.read, on: $0, .async) }
        },
        CompletionRow("read multishot of a socket: end of stream", .bare(0)) { lane in
            let file = OwnFile(.streamSocket)
            file.end()
            return try lane.end(.readMultishot, on: file.reader)
        },
        CompletionRow("read multishot of a pipe: end of stream", .bare(0)) { lane in
            let file = OwnFile(.pollable)
            file.end()
            return try lane.end(.readMultishot, on: file.reader)
        },
    ]

    static let pending: [CompletionRow] = [
        CompletionRow("waiting receive, cancelled", .bare(-ECANCELED)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.cancelled(.receive, on: file.reader)
        },
        CompletionRow("waiting multishot receive, cancelled", .bare(-ECANCELED)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.cancelled(.receiveMultishot, on: file.reader)
        },
        CompletionRow("waiting read, cancelled", .bare(-ECANCELED)) { lane in
            let file = OwnFile(.pollable)
            return try lane.cancelled(.read, on: file.reader)
        },
        CompletionRow("receive on a worker, cancelled", .consumed(-ECANCELED)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.cancelled(.receive, on: file.reader, .async)
        },
        CompletionRow("read on a worker, cancelled", .consumed(-ECANCELED)) { lane in
            let file = OwnFile(.pollable)
            return try lane.cancelled(.read, on: file.reader, .async)
        },
        CompletionRow("receive of all, a part arrived, cancelled", .consumed(8), incremental: nil) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.cancelled(.receive, on: file.reader, .waitAll, length: 30) { file.write("abcdefgh") }
        },
        CompletionRow("receive of all, a part arrived, end of stream", .consumed(8), incremental: nil) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receive, on: file.reader, .waitAll, length: 30) {
                file.write("abcdefgh")
                file.end()
            }
        },
    ]

    static let withoutBuffers: [CompletionRow] = [
        CompletionRow("receive from an empty ring", .bare(-ENOBUFS)) { lane in
            try lane.withEmptyRing { try lane.end(.receive, on: $0) }
        },
        CompletionRow("multishot receive from an empty ring", .bare(-ENOBUFS)) { lane in
            try lane.withEmptyRing { try lane.end(.receiveMultishot, on: $0) }
        },
        CompletionRow("bundle from an empty ring", .bare(-ENOBUFS)) { lane in
            try lane.withEmptyRing { try lane.end(.receive, on: $0, .bundle) }
        },
        CompletionRow("read from an empty ring", .bare(-ENOBUFS)) { lane in
            try lane.withEmptyRing { try lane.end(.read, on: $0) }
        },
        CompletionRow("receive from no group", .bare(-ENOBUFS)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receive, on: file.reader, group: 7)
        },
        CompletionRow("bundle from no group", .bare(-ENOENT)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.receive, on: file.reader, .bundle, group: 7)
        },
        CompletionRow("read from no group", .bare(-ENOBUFS)) { lane in
            let file = OwnFile(.streamSocket)
            return try lane.end(.read, on: file.reader, group: 7)
        },
    ]
}
