// The checker of requests: each rule refuses its examples, and lets pass what it advises instead.

import Glibc
import KernelSupport
import Testing
import UringBuffers

@Suite struct BufferSelectionTests {
    @Test(arguments: SelectionRefusal.allCases)
    func refusesItsExamples(_ refusal: SelectionRefusal) throws {
        #expect(!refusal.examples.isEmpty)
        for example in refusal.examples {
            #expect(example.refusal == refusal, "\(example)")
            #expect(example.refusals.contains(refusal))
            let error = #expect(throws: UringError.self) { try BufferSelection.validate(example) }
            #expect(error == UringError(.selectBuffers, errno: EINVAL, cause: .refused(refusal)))
            #expect(error?.remedy == refusal.reason)
        }
    }

    @Test(arguments: SelectionRefusal.allCases)
    func letsPassWhatItAdvises(_ refusal: SelectionRefusal) throws {
        #expect(!refusal.instead.isEmpty)
        for request in refusal.instead {
            #expect(request.refusals.isEmpty, "\(request)")
            try BufferSelection.validate(request)
        }
    }

    /// One sentence that says two things: what the kernel does, and what to do.
    @Test(arguments: SelectionRefusal.allCases)
    func reasonsAreSentences(_ refusal: SelectionRefusal) {
        let reason = refusal.reason
        #expect(reason.first?.isUppercase == true && reason.last == "." && reason.contains(": "), "\(reason)")
        #expect(SelectionRefusal.allCases.filter { $0.reason == reason } == [refusal])
        if refusal.kind == .refusedByKernel {
            #expect(reason.contains("kernel") && reason.contains(" answers E") || reason.contains("kernel takes"))
        }
    }

    /// A description of unknown kind is refused for silent trouble of any kind, and not for what the kernel says aloud.
    @Test func unknownKindsAreTheSumOfTheSilentRules() {
        for request in SelectionCombinations.all where request.file == .unknown {
            let known = FileKind.allCases.filter { $0 != .unknown }.map { kind in
                var known = request
                known.file = kind
                return Set(known.refusals)
            }
            let aloud = known.reduce(known[0]) { $0.intersection($1) }.filter { $0.kind == .refusedByKernel }
            let silent = known.reduce(into: Set()) { $0.formUnion($1) }.filter { $0.kind != .refusedByKernel }
            #expect(Set(request.refusals) == aloud.union(silent), "\(request)")
        }
    }

    @Test func knowsWhatDescriptorsAre() throws {
        for kind in [FileKind.streamSocket, .datagramSocket, .pollable, .regularFile] {
            let file = OwnFile(kind)
            #expect(try FileKind.of(descriptor: file.reader) == kind)
        }
        let connection = OwnFile(.streamSocket, tcp: true)
        #expect(try FileKind.of(descriptor: connection.reader) == .streamSocket)
        let ring = try BareRing()
        #expect(try FileKind.of(descriptor: ring.descriptor) == .pollable)
        for (path, flags) in [("/", O_DIRECTORY), ("/dev/null", 0), ("/dev/zero", 0), ("/proc/self/status", 0)] {
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | flags)
            defer { _ = close(descriptor) }
            #expect(try FileKind.of(descriptor: descriptor) == .regularFile, "\(path)")
        }
        for type in [SOCK_DGRAM, SOCK_RAW] {
            let descriptor = socket(AF_INET, Int32(type.rawValue), Int32(IPPROTO_ICMP))
            guard descriptor >= 0 else { continue }
            #expect(try FileKind.of(descriptor: descriptor) == .datagramSocket)
            _ = close(descriptor)
        }
        for descriptor in [Int32(-1), .max] {
            let error = #expect(throws: UringError.self) { try FileKind.of(descriptor: descriptor) }
            #expect(error == UringError(.selectBuffers, errno: EBADF))
            #expect(error?.remedy == "The descriptor is not open.")
        }
    }

    @Test func messageHeaders() {
        #expect(BufferSelection.messageHeaderBytes(name: 0, control: 0) == 16)
        #expect(BufferSelection.messageHeaderBytes(name: 28, control: 64) == 108)
    }
}

/// Every combination of what a request can say: up to three flags, a few values of each number.
enum SelectionCombinations {
    static let operations: [BufferSelection.Operation] = [
        .receive, .receiveMultishot, .receiveMessage(), .receiveMessage(vectors: 0), .receiveMessage(vectors: 2),
        .receiveMessageMultishot(headerBytes: 16), .receiveMessageMultishot(headerBytes: 32), .read, .readVectors(1),
        .readVectors(2), .readMultishot, .send, .sendMessage, .sendZeroCopy, .sendMessageZeroCopy, .write,
        .writeVectors, .readFixed, .writeFixed,
    ]

    static let all: [BufferSelection] = operations.flatMap { operation in
        FileKind.allCases.flatMap { file in
            (0..<UInt8(128)).filter { $0.nonzeroBitCount <= 3 }.flatMap { bits in
                [(0, 0), (8, 0), (40, 0), (0, 10)].flatMap { length, total in
                    [Consumption.whole, .incremental(), .incremental(minimumLeft: 40)].map { consumption in
                        BufferSelection(
                            operation, on: file, flags: .init(rawValue: bits), length: length, totalLength: total,
                            consumption: consumption, bufferSize: 64)
                    }
                }
            }
        }
    }
}
