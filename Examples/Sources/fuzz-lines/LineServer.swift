// Somebody's own code: a server that counts commands, one a line, in whatever pieces the kernel delivers them.

import UringBuffers

/// Cuts a byte stream into lines that end in CR LF.
protocol LineReader {
    init()
    /// Reads the next bytes and returns the lines that they complete.
    mutating func read(_ bytes: UnsafeRawBufferPointer) -> [String]
}

/// Works in every demo: looks for CR LF in what it gets, and keeps the rest for the next time.
struct HastyReader: LineReader {
    private var rest: [UInt8] = []

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        var start = 0
        for index in bytes.indices where bytes[index] == 10 && index > 0 && bytes[index - 1] == 13 {
            lines.append(String(decoding: rest + bytes[start..<(index - 1)], as: UTF8.self))
            rest = []
            start = index + 1
        }
        rest += bytes[start...]
        return lines
    }
}

/// Knows that CR may come in one buffer and LF in the next.
struct CarefulReader: LineReader {
    private var line: [UInt8] = []

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            guard byte == 10, line.last == 13 else {
                line.append(byte)
                continue
            }
            lines.append(String(decoding: line.dropLast(), as: UTF8.self))
            line = []
        }
        return lines
    }
}

/// The server's loop, as it would stand on an io_uring: completions in, lines out, requests armed again.
struct LineServer<Reader: LineReader> {
    private var reader = Reader()
    private(set) var lines: [String] = []
    private(set) var isOver = false
    /// Whether a receive has to be armed.
    private(set) var wantsToReceive = true

    mutating func armed() { wantsToReceive = false }

    mutating func handle(result: Int32, flags: CompletionFlags, in group: borrowing BufferGroup) {
        wantsToReceive = !flags.contains(.more)
        switch group.take(result: result, flags: flags) {
        case .buffer(let buffer): read(buffer)
        case .bundle(var bundle): while let buffer = bundle.next() { read(buffer) }
        case .endOfStream: isOver = true
        // Starved, cancelled, broken off: armed again after the refill.
        default: break
        }
        group.refill()
    }

    private mutating func read(_ buffer: borrowing ProvidedBuffer) {
        buffer.withUnsafeBytes { lines += reader.read($0) }
    }
}
