// One point of a curve: a pool, a load, and what came of them.

import Glibc
import UringBuffers
import UringQueue

struct Workload {
    var buffers: Int
    var bufferSize: Int
    var consumption = Consumption.whole
    var isBundled = false
    var connections: Int
    var messageBytes: Int
    var messages: Int
    /// How many handles are kept while later ones arrive: work in progress.
    var held = 0
}

struct Measured {
    var starvedPerThousand = 0.0
    /// Resident bytes of the pool for each byte that is held.
    var memoryFactor = 0.0
    var nanosecondsPerMessage = 0.0
}

/// Receives every message of a workload, holds as many handles as it says, and checks every byte.
final class Receiver {
    private let workload: Workload
    private let queue: UringQueue
    private let group: BufferGroup
    private let messages: Messages
    private var positions: [Int]
    private var arrivedMessages = 0
    private var heldBytes = 0
    private var work: [Held] = []
    private var oldest = 0
    private var ended = 0

    /// Handles in an array: a class, since arrays cannot hold what cannot be copied.
    private final class Held {
        private var buffer: ProvidedBuffer?
        let count: Int
        init(_ buffer: consuming ProvidedBuffer) {
            count = buffer.count
            self.buffer = consume buffer
        }
    }

    init(_ workload: Workload) throws {
        self.workload = workload
        queue = try UringQueue(entries: 1024, completionEntries: 16384)
        group = try BufferGroup(
            ring: queue.descriptor, id: 0, capacity: workload.buffers, bufferSize: workload.bufferSize,
            consumption: workload.consumption)
        messages = Messages(
            connections: workload.connections, messageBytes: workload.messageBytes, messages: workload.messages)
        positions = Array(repeating: 0, count: workload.connections)
    }

    func run() throws -> Measured {
        for connection in messages.readers.indices { arm(connection) }
        let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        messages.start()
        var memory = 0.0
        while arrivedMessages < messages.total {
            try queue.wait()
            try queue.forEachCompletion { completion in try take(completion) }
            for token in group.refill().rearm { arm(Int(token)) }
            // Once, near the end: looking at memory costs time, and at first pages are only touched.
            if memory == 0, heldBytes > 0, arrivedMessages > messages.total / 8 * 7 {
                memory = Double(group.residentBytes) / Double(heldBytes)
            }
        }
        let used = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start
        work = []
        try finish()
        let books = group.books()
        guard books.balanced, books.states.lent == 0 else { fatalError("the books do not balance: \(books)") }
        try group.close()
        return Measured(
            starvedPerThousand: Double(books.starvations) * 1000 / Double(messages.total), memoryFactor: memory,
            nanosecondsPerMessage: Double(used) / Double(messages.total))
    }

    /// Every connection ends: so every request does.
    private func finish() throws {
        while ended < messages.readers.count {
            try queue.wait()
            try queue.forEachCompletion { completion in try take(completion) }
            for token in group.refill().rearm { arm(Int(token)) }
        }
        messages.join()
    }

    private func arm(_ connection: Int) {
        queue.receiveMultishot(
            from: messages.readers[connection], into: group, options: workload.isBundled ? .bundle : [],
            tag: UInt64(connection))
    }

    private func take(_ completion: Completion) throws(UringError) {
        let connection = Int(completion.tag)
        switch group.take(completion) {
        case .buffer(let buffer): accept(buffer, connection)
        case .bundle(let bundle): bundle.forEach { buffer in accept(buffer, connection) }
        case .starved:
            guard group.rearmWhenRefilled(completion.tag) else { fatalError("too many wait") }
            return
        case .endOfStream:
            ended += 1
            return
        case .failed(let error): throw error
        case .unbuffered: fatalError("a receive without a buffer")
        }
        if completion.isFinal { arm(connection) }
    }

    private func accept(_ buffer: consuming ProvidedBuffer, _ connection: Int) {
        let from = positions[connection]
        let isRight = buffer.withUnsafeBytes { bytes in
            Pattern.withBytes(of: connection, at: from, count: bytes.count) {
                memcmp($0.baseAddress!, bytes.baseAddress!, bytes.count) == 0
            }
        }
        guard isRight else { fatalError("wrong bytes at \(from) of connection \(connection)") }
        let position = from + buffer.count
        positions[connection] = position
        let complete = position / workload.messageBytes
        if complete > from / workload.messageBytes {
            arrivedMessages += complete - from / workload.messageBytes
            messages.noteArrival(connection, messages: complete)
        }
        guard workload.held > 0 else { return }
        let held = Held(buffer)
        heldBytes += held.count
        if work.count < workload.held {
            work.append(held)
        } else {
            heldBytes -= work[oldest].count
            work[oldest] = held
            oldest = (oldest + 1) % workload.held
        }
    }
}

func nanoseconds(_ clock: clockid_t) -> Int {
    var now = timespec()
    clock_gettime(clock, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
}
