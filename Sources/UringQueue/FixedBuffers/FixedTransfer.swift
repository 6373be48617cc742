// Reads and writes of owned ranges of registered memory, under way and ended.

internal import CUring
public import UringBuffers

/// The end of a read into, or a write from, a range of registered memory: the range comes back with it.
@frozen
public struct FixedTransfer: ~Copyable, Sendable {
    /// How many bytes were read or written, from the range's first one on; fewer than asked at the end of a file, or of
    /// space. A failed one may have changed bytes of the range or the file.
    public let result: Result<Int, UringError>
    /// The whole range that the request consumed.
    public let range: FixedRange

    init(result: Result<Int, UringError>, range: consuming FixedRange) {
        self.result = result
        self.range = range
    }
}

/// One of them, from the request until it is taken.
struct FixedRequest: ~Copyable {
    let range: FixedRange
    let file: Int32
    let tag: UInt64
    let isWrite: Bool
    var refusal: FixedRefusal?
    /// Of the kernel, when it ended.
    var result: Int32?
}

extension QueueState {
    /// The number of a transfer must fit into the upper half of a completion's flags.
    static let mostTransfers = 1 << 16

    mutating func start(_ request: consuming FixedRequest, first count: Int, at offset: Int) {
        demand(offset >= 0, "a file has no byte \(offset): offsets begin at 0")
        demand(
            transfers.count < QueueState.mostTransfers,
            "\(QueueState.mostTransfers) reads and writes of ranges are under way or were not taken: hand each of their "
                + "completions to takeTransfer(_:)")
        let (file, isWrite) = (request.file, request.isWrite)
        let slot = request.range.slot
        // Safe: the table below owns the range until the completion is taken.
        let start = unsafe UInt64(UInt(bitPattern: request.range.baseAddress))
        let number = transfers.insert(request)
        let tag = InternalTag.transfer(number).rawValue
        guard slot.isCurrent else {
            transfers[number].refusal = .slotEnded
            backlog.append(curing_completion(user_data: tag, result: -UringErrno.fault, flags: 0))
            return
        }
        push(
            .file(
                isWrite ? .write : .read, file, at: offset, address: start, length: count, fixedBuffer: slot.index,
                tag: tag))
    }

    /// The caller's completion of a transfer that ended: it says where the transfer is kept until it is taken.
    mutating func endTransfer(_ number: Int, result: Int32) -> Completion {
        transfers[number].result = result
        return Completion(
            tag: transfers[number].tag, result: result,
            flags: CompletionFlags(rawValue: UInt32(number) << 16 | Completion.transferMark))
    }

    mutating func takeTransfer(_ number: Int) -> FixedTransfer {
        demand(
            transfers.contains(number) && transfers[number].result != nil,
            "transfer \(number) was taken already: hand each completion to takeTransfer(_:) once")
        let request = transfers.remove(number)
        let result = request.result!
        if result >= 0 { return FixedTransfer(result: .success(Int(result)), range: request.range) }
        let error = UringError(
            request.isWrite ? .writeFile : .readFile, errno: -result,
            cause: request.refusal.map { .fixedRefused($0) } ?? .kernel)
        return FixedTransfer(result: .failure(error), range: request.range)
    }

    /// Asks the kernel to end the transfers that match: their end says whether it did. Returns whether there are any.
    mutating func cancelTransfers(where matches: (_ file: Int32, _ tag: UInt64) -> Bool) -> Bool {
        var found = false
        guard transfers.count > 0 else { return found }
        for number in transfers.usedSlots
        where transfers[number].result == nil && matches(transfers[number].file, transfers[number].tag) {
            found = true
            push(.cancel(tag: InternalTag.transfer(number).rawValue, tag: InternalTag.silent.rawValue))
        }
        return found
    }
}
