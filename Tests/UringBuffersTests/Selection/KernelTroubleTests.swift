// Past the check: each rule that the kernel does not enforce, seen to go wrong.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

@Suite struct KernelTroubleTests {
    static let silent = SelectionRefusal.allCases.filter { $0.kind != .refusedByKernel }

    @Test(arguments: silent)
    func goesWrong(_ rule: SelectionRefusal) throws { try demonstrate(rule).check(rule) }

    /// A new rule does not compile before somebody shows that it is needed.
    private func demonstrate(_ rule: SelectionRefusal) throws -> Demonstration {
        switch rule {
        case .incrementalWaitAll: try Trouble.incrementalWaitAll()
        case .incrementalTruncate: try Trouble.incrementalTruncate()
        case .incrementalAsyncLength: try Trouble.incrementalAsyncLength()
        case .incrementalFileLength: try Trouble.incrementalFileLength()
        case .incrementalBundleLength: try Trouble.incrementalBundleLength()
        case .bundleWaitAll: try Trouble.bundleWaitAll()
        case .bundleTruncate: try Trouble.bundleTruncate()
        case .incrementalBundleMinimum: try Trouble.incrementalBundleMinimum()
        case .bundleAsyncLength: try Trouble.bundleAsyncLength()
        case .truncateOnStream: try Trouble.truncateOnStream()
        case .truncate: try Trouble.truncate()
        case .peekMultishot: try Trouble.peekMultishot()
        case .peekBundle: try Trouble.peekBundle()
        case .peekWaitAll: try Trouble.peekWaitAll()
        case .sendBundleLength: try Trouble.sendBundleLength()
        case .skipSuccess: try Trouble.skipSuccess()
        case .incrementalSend: try Trouble.incrementalSend()
        case .headerFillsBuffer: try Trouble.headerFillsBuffer()
        case .incrementalDatagram: try Trouble.incrementalDatagram()
        case .sendMessage, .zeroCopySend, .write, .fixedBuffer, .severalVectors, .bundledMessage, .multishotWaitAll,
            .readMultishotOfFile, .readMultishotLength, .totalLength, .lengthOutOfRange, .notASocket,
            .socketFlagOnRead, .headerLargerThanBuffer, .headerMeetsBufferEnd:
            Demonstration(false, "the kernel is said to refuse \(rule): shown elsewhere")
        }
    }

    /// The remedy for datagrams: with `minimumLeft` none is cut.
    @Test func minimumLeftKeepsDatagramsWhole() throws {
        #expect(try Trouble.datagramLengths(.incremental(minimumLeft: 300)) == [300, 300, 300, 300])
    }

    /// The remedy for the size of a datagram: the header of a multishot message has it, and the result is honest.
    @Test(arguments: [Consumption.whole, .incremental(minimumLeft: 17)])
    func messageHeadersTellTheFullSize(_ consumption: Consumption) throws {
        let group = try OwnGroup(of: 24, consumption: consumption)
        let file = OwnFile(.datagramSocket)
        file.write("abcdefghijklmnop")
        let request = BufferSelection(
            .receiveMessageMultishot(headerBytes: 16), on: .datagramSocket, flags: .truncate, consumption: consumption,
            bufferSize: 24)
        #expect(request.refusal == nil)
        group.requests.push(request, on: file.reader)
        let first = try #require(try group.requests.completions(atLeast: 1).first)
        #expect(first.result == 24)
        #expect(group.text(0, at: 8, 1) == "\u{10}", "the payload's full size is 16")
        #expect(group.text(0, at: 16, 8) == "abcdefgh")
        #expect(try group.head == 1)
    }
}
