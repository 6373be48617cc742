// Past the check: what the kernel itself says to each kind of request that it refuses.

import Glibc
import KernelSupport
import Testing
import UringBuffers
import UringQueue

/// What became of a demonstration.
struct Demonstration {
    /// Whether the kernel did what the rule says.
    let happened: Bool
    /// What was seen.
    let seen: String

    init(_ happened: Bool, _ seen: Any) {
        self.happened = happened
        self.seen = "\(seen)"
    }

    /// On the kernels that the rules were measured on, a rule that does not hold is a failure. On any other it is a known
    /// difference, printed: the rule stays, because it must hold for the worst kernel.
    func check(_ rule: SelectionRefusal, _ location: SourceLocation = #_sourceLocation) {
        guard !happened else { return }
        let message = "Linux \(RunningKernel.release) does not do what \(rule) is refused for: \(seen)"
        if RunningKernel.isMeasured {
            Issue.record("\(message)", sourceLocation: location)
        } else {
            print("KNOWN DIFFERENCE: \(message)")
            withKnownIssue("KNOWN DIFFERENCE") { Issue.record("\(message)", sourceLocation: location) }
        }
    }
}

@Suite struct KernelRefusalTests {
    static let refused = SelectionRefusal.allCases.filter { $0.kind == .refusedByKernel }

    @Test(arguments: refused)
    func theKernelRefuses(_ rule: SelectionRefusal) throws {
        let expected = try #require(rule.kernelErrno)
        // A negative length is none that a submission entry could hold.
        for example in rule.examples where example.length >= 0 {
            let group = try OwnGroup(of: example.bufferSize, consumption: example.consumption)
            let file = OwnFile(example.file)
            for piece in ["abcdefgh", "ijklmnop", "qrstuvwx"] { file.write(piece) }
            group.requests.push(example, on: file.reader)
            let last = try #require(try group.requests.finish().last)
            Demonstration(last.result == -expected && last.isFinal, "\(example): \(last)").check(rule)
        }
    }

    /// The other direction: what passes the check is not refused by the kernel.
    @Test(arguments: SelectionCombinations.operations)
    func theKernelAcceptsWhatPasses(_ operation: BufferSelection.Operation) throws {
        var accepted = 0
        for request in SelectionCombinations.all where request.operation == operation && request.file != .unknown {
            guard request.refusal == nil else { continue }
            let group = try OwnGroup(of: request.bufferSize, consumption: request.consumption)
            let file = OwnFile(request.file)
            for piece in ["abcdefgh", "ijklmnop", "qrstuvwx"] { file.write(piece) }
            group.requests.push(request, on: file.reader)
            let ends = try group.requests.finish()
            #expect(!ends.isEmpty)
            let isFine = ends.allSatisfy { $0.result >= 0 || [-ECANCELED, -ENOBUFS].contains($0.result) }
            #expect(isFine, "\(request): \(ends)")
            accepted += 1
        }
        // Operations that never select have no combination that passes.
        let selects = !SelectionRefusal.allCases.prefix(5)
            .contains { $0.examples.contains { $0.operation == operation } }
        #expect((accepted > 0) == selects, "\(accepted)")
    }
}

extension SelectionRefusal {
    /// The error number that the kernel answers, for rules of the kind `refusedByKernel`.
    var kernelErrno: Int32? {
        switch self {
        case .sendMessage, .zeroCopySend, .write, .fixedBuffer: EOPNOTSUPP
        case .severalVectors, .bundledMessage, .multishotWaitAll, .readMultishotLength, .totalLength,
            .lengthOutOfRange, .socketFlagOnRead:
            EINVAL
        case .readMultishotOfFile: EBADFD
        case .notASocket: ENOTSOCK
        case .headerLargerThanBuffer, .headerMeetsBufferEnd: EFAULT
        default: nil
        }
    }
}
