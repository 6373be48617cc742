// Receives that go wrong without a word from the kernel, one demonstration for each rule.

import Glibc
import KernelSupport
import UringBuffers
import UringQueue

enum Trouble {
    static func request(
        _ operation: BufferSelection.Operation, _ flags: BufferSelection.Flags = [], length: Int = 0
    ) -> BufferSelection {
        BufferSelection(operation, on: .unknown, flags: flags, length: length, bufferSize: 64)
    }

    /// A second connection's bytes are overwritten by the first one's.
    static func incrementalWaitAll() throws -> Demonstration {
        let group = try OwnGroup(consumption: .incremental())
        let (first, second) = (OwnFile(.streamSocket), OwnFile(.streamSocket))
        group.requests.push(request(.receive, .waitAll, length: 32), on: first.reader, tag: 1)
        _ = try group.requests.completions()
        first.write("aaaaaaaa")
        _ = try group.requests.completions()
        group.requests.push(request(.receive), on: second.reader, tag: 2)
        second.write("bbbbbbbb")
        let other = try group.requests.completions(atLeast: 1)
        let before = group.text(0, 16)
        first.write("cccccccccccccccccccccccc")
        _ = try group.requests.completions(atLeast: 1)
        let after = group.text(0, 16)
        return Demonstration(
            other.first?.result == 8 && before == "aaaaaaaabbbbbbbb" && after == "aaaaaaaacccccccc",
            "\(before) became \(after)")
    }

    /// One buffer was written, three were used up in part or whole.
    static func incrementalTruncate() throws -> Demonstration {
        let group = try OwnGroup(of: 16, consumption: .incremental())
        let file = OwnFile(.datagramSocket)
        file.write(String(repeating: "a", count: 40))
        group.requests.push(request(.receive, .truncate), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let (head, second) = (try group.head, group.text(1, 16))
        return Demonstration(
            result == 40 && head == 2 && second == String(repeating: "-", count: 16),
            "result \(result), head \(head), second buffer \(second)")
    }

    /// Eight bytes arrived, and the next ones lie at offset 20.
    static func incrementalAsyncLength() throws -> Demonstration {
        let group = try OwnGroup(consumption: .incremental())
        let file = OwnFile(.streamSocket)
        file.write("abcdefgh")
        group.requests.push(request(.receive, .async, length: 20), on: file.reader)
        let first = try group.requests.completions(atLeast: 1)[0]
        file.write("XYZ")
        group.requests.push(request(.receive), on: file.reader)
        let second = try group.requests.completions(atLeast: 1)[0]
        return Demonstration(
            first.result == 8 && first.flags.contains(.bufferMore) && second.result == 3
                && group.text(0, at: 20, 3) == "XYZ" && group.text(0, at: 8, 3) == "---", group.text(0, 32))
    }

    /// Twelve bytes were read, and the next ones lie at offset 16.
    static func incrementalFileLength() throws -> Demonstration {
        let group = try OwnGroup(consumption: .incremental())
        let file = OwnFile(.regularFile)
        file.write("abcdefghijkl")
        group.requests.push(request(.read, length: 16), on: file.reader)
        let first = try group.requests.completions(atLeast: 1)[0]
        file.write("XYZ")
        group.requests.push(request(.read, length: 16), on: file.reader)
        let second = try group.requests.completions(atLeast: 1)[0]
        return Demonstration(
            first.result == 12 && first.flags.contains(.bufferMore) && second.result == 3
                && group.text(0, at: 16, 3) == "XYZ" && group.text(0, at: 12, 3) == "---", group.text(0, 32))
    }

    static func incrementalBundleLength() throws -> Demonstration {
        let group = try OwnGroup(of: 100, consumption: .incremental())
        let file = OwnFile(.streamSocket)
        file.write(String(repeating: "a", count: 250))
        group.requests.push(request(.receive, .bundle, length: 150), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        return Demonstration(result > 150, "150 bytes asked for, \(result) received")
    }

    /// Three buffers were filled and one was counted, so the next receive overwrites the second.
    static func bundleWaitAll() throws -> Demonstration {
        let group = try OwnGroup()
        let (first, second) = (OwnFile(.streamSocket), OwnFile(.streamSocket))
        group.requests.push(request(.receive, [.bundle, .waitAll], length: 192), on: first.reader)
        _ = try group.requests.completions()
        first.write(String(repeating: "a", count: 64))
        _ = try group.requests.completions()
        first.write(String(repeating: "b", count: 128))
        let result = try group.requests.completions(atLeast: 1)[0].result
        let (head, before) = (try group.head, group.text(1, 4))
        group.requests.push(request(.receive), on: second.reader)
        second.write("cccc")
        _ = try group.requests.completions(atLeast: 1)
        let after = group.text(1, 4)
        return Demonstration(
            result == 192 && head == 1 && before == "bbbb" && after == "cccc",
            "result \(result), head \(head), second buffer \(before), then \(after)")
    }

    static func bundleTruncate() throws -> Demonstration {
        let group = try OwnGroup(of: 16)
        let file = OwnFile(.datagramSocket)
        file.write(String(repeating: "a", count: 40))
        group.requests.push(request(.receive, [.bundle, .truncate]), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let head = try group.head
        return Demonstration(result == 40 && head == 1, "result \(result) in \(head) buffers of 16")
    }

    /// The end of the first buffer stays empty in the middle of a bundle: the armed request remembered 45 bytes of room
    /// that another request has used meanwhile.
    static func incrementalBundleMinimum() throws -> Demonstration {
        let group = try OwnGroup(of: 64, consumption: .incremental(minimumLeft: 24))
        let (first, second) = (OwnFile(.streamSocket), OwnFile(.streamSocket))
        first.write(String(repeating: "a", count: 19))
        group.requests.push(request(.receive), on: first.reader, tag: 1)
        _ = try group.requests.completions(atLeast: 1)
        group.requests.push(request(.receiveMultishot, .bundle), on: second.reader, tag: 2)
        _ = try group.requests.completions()
        first.write(String(repeating: "b", count: 45))
        group.requests.push(request(.receive), on: first.reader, tag: 3)
        _ = try group.requests.completions(atLeast: 1)
        second.write(String(repeating: "c", count: 45) + String(repeating: "d", count: 55))
        let result = try group.requests.completions(atLeast: 1)[0].result
        let (end, next) = (group.text(1, at: 40, 24), group.text(2, 8))
        return Demonstration(
            result == 100 && end == "ccccc" + String(repeating: "-", count: 19) && next == "dddddddd",
            "result \(result), end of the first buffer \(end), second \(next)")
    }

    /// One buffer seems to hold all: in truth the second holds the rest, and is used up.
    static func bundleAsyncLength() throws -> Demonstration {
        let group = try OwnGroup()
        let file = OwnFile(.streamSocket)
        file.write("abcdefghijklmnopqrstuvwx")
        group.requests.push(request(.receive, [.bundle, .async], length: 8), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let (head, first, second) = (try group.head, group.text(0, 24), group.text(1, 16))
        return Demonstration(
            result == 24 && head == 2 && first == "abcdefgh----------------" && second == "ijklmnopqrstuvwx",
            "result \(result), head \(head), buffers \(first) and \(second)")
    }

    static func truncateOnStream() throws -> Demonstration {
        let group = try OwnGroup()
        let file = OwnFile(.streamSocket, tcp: true)
        file.write("abcdefgh")
        group.requests.push(request(.receive, .truncate), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let (head, text) = (try group.head, group.text(0, 8))
        return Demonstration(result == 8 && head == 1 && text == "--------", "result \(result), buffer \(text)")
    }

    static func truncate() throws -> Demonstration {
        let group = try OwnGroup(of: 16)
        let file = OwnFile(.datagramSocket)
        file.write(String(repeating: "a", count: 40))
        group.requests.push(request(.receive, .truncate), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let head = try group.head
        return Demonstration(result == 40 && head == 1, "result \(result) in \(head) buffers of 16")
    }

    /// Eight bytes were sent, and all eight buffers hold them.
    static func peekMultishot() throws -> Demonstration {
        let group = try OwnGroup()
        let file = OwnFile(.streamSocket)
        file.write("abcdefgh")
        group.requests.push(request(.receiveMultishot, .peek), on: file.reader)
        let results = try group.requests.finish().map(\.result)
        let text = group.text(7, 8)
        return Demonstration(
            results == Array(repeating: 8, count: 8) + [-ENOBUFS] && text == "abcdefgh", "\(results), \(text)")
    }

    static func peekBundle() throws -> Demonstration {
        let group = try OwnGroup(of: 4)
        let file = OwnFile(.streamSocket)
        file.write("abcdefghijkl")
        group.requests.push(request(.receive, [.peek, .bundle]), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let text = group.text(0, 16)
        return Demonstration(result == 16 && text == "abcdabcdefghijkl", "12 bytes sent, \(result) received: \(text)")
    }

    static func peekWaitAll() throws -> Demonstration {
        let group = try OwnGroup()
        let file = OwnFile(.streamSocket)
        file.write("abcdefgh")
        group.requests.push(request(.receive, [.peek, .waitAll], length: 20), on: file.reader)
        let result = try group.requests.completions(atLeast: 1)[0].result
        let text = group.text(0, 20)
        return Demonstration(result == 20 && text == "abcdefghabcdefghabcd", "8 bytes sent, \(result): \(text)")
    }
}
