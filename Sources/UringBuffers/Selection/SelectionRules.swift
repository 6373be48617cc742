// The rules of buffer selection, one predicate for each.

extension SelectionRefusal {
    /// Whether a request breaks this rule.
    func applies(to request: BufferSelection) -> Bool {
        let flags = request.flags
        let isIncremental = request.consumption.isIncremental
        let operation = request.operation
        switch self {
        case .sendMessage: return operation == .sendMessage
        case .zeroCopySend: return operation == .sendZeroCopy || operation == .sendMessageZeroCopy
        case .write: return operation == .write || operation == .writeVectors
        case .fixedBuffer: return operation == .readFixed || operation == .writeFixed
        case .severalVectors:
            return switch operation {
            case .receiveMessage(let vectors), .readVectors(let vectors): vectors > 1
            default: false
            }
        case .bundledMessage: return flags.contains(.bundle) && operation.receivesMessages
        case .multishotWaitAll: return flags.contains(.waitAll) && operation.isMultishotReceive
        case .readMultishotOfFile: return operation == .readMultishot && request.file == .regularFile
        case .readMultishotLength: return operation == .readMultishot && request.length != 0
        case .totalLength:
            return request.totalLength != 0 && operation != .receiveMultishot && operation.isReceive
        case .lengthOutOfRange:
            let range = 0...Int(Int32.max)
            return operation.isReceive || operation == .send
                ? !range.contains(request.length) || request.totalLength < 0 || request.totalLength > UInt32.max
                : request.length < 0 || request.length > UInt32.max
        case .notASocket:
            return (operation.isReceive || operation == .send) && request.file != .unknown && !request.file.isSocket
        case .socketFlagOnRead:
            return flags.contains(.pollFirst) && operation.isRead
                || flags.contains(.bundle) && operation == .readMultishot
        case .headerLargerThanBuffer: return operation.headerBytes > request.bufferSize
        case .headerMeetsBufferEnd:
            return isIncremental && operation.headerBytes > request.consumption.minimumLeft

        case .incrementalWaitAll: return isIncremental && flags.contains(.waitAll) && operation.isReceive
        case .incrementalTruncate: return isIncremental && flags.contains(.truncate) && operation.overstates
        case .incrementalAsyncLength:
            return isIncremental && flags.contains(.async) && request.length > 0 && operation.takesOneShot
        case .incrementalFileLength:
            return isIncremental && request.length > 0 && request.file.mayBe(.regularFile) && operation.takesOneShot
                && operation.isRead
        case .incrementalBundleLength:
            return isIncremental && flags.contains(.bundle) && request.length > 0 && operation == .receive
        case .bundleWaitAll: return flags.contains(.bundle) && flags.contains(.waitAll) && operation == .receive
        case .bundleTruncate:
            return flags.contains(.bundle) && flags.contains(.truncate) && operation.isPlainReceive
        case .incrementalBundleMinimum:
            return flags.contains(.bundle) && request.consumption.minimumLeft > 0 && operation.isPlainReceive
        case .bundleAsyncLength:
            return flags.contains(.bundle) && flags.contains(.async) && request.length > 0 && operation == .receive
        case .truncate: return flags.contains(.truncate) && operation.overstates
        case .truncateOnStream:
            return flags.contains(.truncate) && operation.isReceive && request.file.mayBe(.streamSocket)
        case .peekMultishot: return flags.contains(.peek) && operation.isMultishotReceive
        case .peekBundle: return flags.contains(.peek) && flags.contains(.bundle) && operation == .receive
        case .peekWaitAll: return flags.contains(.peek) && flags.contains(.waitAll) && operation.isReceive
        case .sendBundleLength: return flags.contains(.bundle) && operation == .send && request.length != 0

        case .skipSuccess: return flags.contains(.skipSuccess)
        case .incrementalSend: return isIncremental && operation == .send

        case .headerFillsBuffer:
            return operation.headerBytes > 0 && operation.headerBytes == request.bufferSize
        case .incrementalDatagram:
            return isIncremental && request.file.mayBe(.datagramSocket) && (operation.isReceive || operation.isRead)
                && request.consumption.minimumLeft < operation.headerBytes + max(1, request.length)
        }
    }
}

extension BufferSelection.Operation {
    /// Bytes that the kernel writes before the payload.
    var headerBytes: Int {
        if case .receiveMessageMultishot(let bytes) = self { bytes } else { 0 }
    }

    var receivesMessages: Bool {
        switch self {
        case .receiveMessage, .receiveMessageMultishot: true
        default: false
        }
    }

    var isPlainReceive: Bool { self == .receive || self == .receiveMultishot }

    var isReceive: Bool { isPlainReceive || receivesMessages }

    var isMultishotReceive: Bool { self == .receiveMultishot || headerBytes > 0 }

    var isRead: Bool {
        switch self {
        case .read, .readVectors, .readMultishot: true
        default: false
        }
    }

    /// One buffer, one completion. Multishot requests wait for data even on a worker thread.
    var takesOneShot: Bool { (isReceive || isRead) && !isMultishotReceive && self != .readMultishot }

    /// Whether the result can be more than what was written. Multishot messages carry the full size in their header.
    var overstates: Bool { isReceive && headerBytes == 0 }
}
