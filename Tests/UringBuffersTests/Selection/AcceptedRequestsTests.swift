// What passes the check keeps its promise: each byte arrives once and in order, and no buffer is lost.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct AcceptedRequestsTests {
    static let operations = SelectionCombinations.operations.filter { operation in
        SelectionCombinations.all.contains { $0.operation == operation && isWanted($0) }
    }

    /// Requests that receive or read, and pass. Peeking leaves the bytes, and lengths cut datagrams on purpose.
    private static func isWanted(_ request: BufferSelection) -> Bool {
        guard request.file != .unknown, request.refusal == nil, !request.flags.contains(.peek) else { return false }
        if request.file == .datagramSocket && (request.length == 8 || request.totalLength > 0) { return false }
        return request.operation != .send
    }

    @Test(arguments: operations)
    func bytesArriveOnceAndInOrder(_ operation: BufferSelection.Operation) throws {
        for request in SelectionCombinations.all where request.operation == operation && Self.isWanted(request) {
            try AcceptedRequest(request).run()
        }
    }
}

/// One stream, or one row of datagrams, through requests of one kind.
private final class AcceptedRequest {
    private let request: BufferSelection
    private let requests: RawRequests
    private let group: BufferGroup
    private let file: OwnFile
    private var sent = ByteStream(seed: 0x5e1ec7)
    private var received = ByteStream(seed: 0x5e1ec7)

    init(_ request: BufferSelection) throws {
        self.request = request
        requests = try RawRequests()
        group = try BufferGroup(
            ring: requests.ring.descriptor, id: 1, capacity: 4, bufferSize: request.bufferSize,
            consumption: request.consumption, refill: .everything)
        file = OwnFile(request.file)
    }

    /// How many bytes must wait before the request is sure to complete.
    private var enough: UInt64 {
        guard request.flags.contains(.waitAll), request.file != .datagramSocket else { return 1 }
        return UInt64(request.bufferSize)
    }

    func run() throws {
        var isArmed = false
        let pieces =
            request.file == .datagramSocket ? [8, 20, 1, 17, 3, 20, 20, 9] : [8, 40, 3, 64, 100, 1, 57, 250, 6]
        for piece in pieces + pieces {
            file.write(sent.next(piece))
            // Twice the bytes of a group may wait; then it refills after each completion.
            while sent.position - received.position >= enough {
                if !isArmed { requests.push(request, on: file.reader) }
                isArmed = true
                for completion in try requests.completions(atLeast: 1) {
                    if completion.isFinal { isArmed = false }
                    guard take(completion) else { return }
                }
            }
        }
        for completion in try requests.finish() where completion.result != -ECANCELED { _ = take(completion) }
        let books = group.books()
        #expect(books.balanced && books.unreaped == 0 && group.lent == 0, "\(request): \(books)")
        try group.close()
    }

    /// Whether the completion brought the next bytes, or found no buffer.
    private func take(_ completion: Completion) -> Bool {
        var isNext = true
        switch group.take(completion) {
        case .buffer(let buffer): isNext = matches(buffer)
        case .bundle(var bundle): while let buffer = bundle.next() { isNext = matches(buffer) && isNext }
        case .starved: break
        default: isNext = false
        }
        group.refill()
        #expect(isNext, "\(request), at byte \(received.position): \(completion)")
        return isNext
    }

    private func matches(_ buffer: borrowing ProvidedBuffer) -> Bool {
        // Safe: reads the buffer while the handle lives.
        let bytes = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
        guard case .receiveMessageMultishot(let headerBytes) = request.operation else { return received.matches(bytes) }
        return received.matches(Array(bytes.dropFirst(headerBytes)))
    }
}
