// For each refusal, requests that it refuses, and what one does instead.

import UringBuffers

extension SelectionRefusal {
    /// Requests that break this rule before any other.
    var examples: [BufferSelection] {
        let inc = Consumption.incremental()
        switch self {
        case .sendMessage: return [stream(.sendMessage)]
        case .zeroCopySend: return [stream(.sendZeroCopy), stream(.sendMessageZeroCopy)]
        case .write: return [stream(.write), stream(.writeVectors)]
        case .fixedBuffer: return [stream(.readFixed, length: 8), stream(.writeFixed, length: 8)]
        case .severalVectors: return [stream(.readVectors(2)), stream(.receiveMessage(vectors: 2))]
        case .bundledMessage:
            return [
                stream(.receiveMessage(), .bundle),
                datagrams(.receiveMessageMultishot(headerBytes: 16), .bundle),
            ]
        case .multishotWaitAll:
            return [
                stream(.receiveMultishot, .waitAll), stream(.receiveMultishot, .waitAll, consumption: inc),
                datagrams(.receiveMessageMultishot(headerBytes: 16), .waitAll),
            ]
        case .readMultishotOfFile: return [file(.readMultishot), file(.readMultishot, consumption: inc)]
        case .readMultishotLength: return [stream(.readMultishot, length: 8), pipe(.readMultishot, length: 8)]
        case .totalLength:
            return [
                stream(.receive, total: 10), stream(.receiveMessage(), total: 10),
                datagrams(.receiveMessageMultishot(headerBytes: 16), total: 10),
            ]
        case .lengthOutOfRange:
            return [stream(.receive, length: 1 << 31), stream(.send, length: 1 << 31), stream(.receive, length: -1)]
        case .notASocket: return [pipe(.receive), file(.receive), pipe(.send), pipe(.receiveMultishot)]
        case .socketFlagOnRead:
            return [stream(.read, .pollFirst), pipe(.readMultishot, .pollFirst), stream(.readMultishot, .bundle)]
        case .headerLargerThanBuffer: return [datagrams(.receiveMessageMultishot(headerBytes: 65))]
        case .headerMeetsBufferEnd:
            return [
                datagrams(.receiveMessageMultishot(headerBytes: 32), consumption: inc),
                datagrams(
                    .receiveMessageMultishot(headerBytes: 32), consumption: .incremental(minimumLeft: 20)),
            ]
        case .incrementalWaitAll:
            return [
                stream(.receive, .waitAll, consumption: inc),
                stream(.receiveMessage(), .waitAll, consumption: inc),
            ]
        case .incrementalTruncate:
            return [
                datagrams(.receive, .truncate, consumption: .incremental(minimumLeft: 32)),
                datagrams(.receiveMultishot, [.truncate, .bundle], consumption: inc),
            ]
        case .incrementalAsyncLength:
            return [
                stream(.receive, .async, length: 8, consumption: inc), pipe(.read, .async, length: 8, consumption: inc),
            ]
        case .incrementalFileLength:
            return [
                file(.read, length: 8, consumption: inc), file(.readVectors(1), length: 8, consumption: inc),
                unknown(.read, length: 8, consumption: inc),
            ]
        case .incrementalBundleLength: return [stream(.receive, .bundle, length: 100, consumption: inc)]
        case .bundleWaitAll: return [stream(.receive, [.bundle, .waitAll], length: 192)]
        case .bundleTruncate:
            return [datagrams(.receive, [.bundle, .truncate]), datagrams(.receiveMultishot, [.bundle, .truncate])]
        case .incrementalBundleMinimum:
            let skipping = Consumption.incremental(minimumLeft: 24)
            return [
                stream(.receive, .bundle, consumption: skipping),
                stream(.receiveMultishot, .bundle, consumption: skipping),
            ]
        case .bundleAsyncLength: return [stream(.receive, [.bundle, .async], length: 8)]
        case .truncateOnStream:
            return [
                stream(.receive, .truncate), stream(.receiveMessageMultishot(headerBytes: 16), .truncate),
                unknown(.receive, .truncate),
            ]
        case .truncate: return [datagrams(.receive, .truncate), datagrams(.receiveMessage(), .truncate)]
        case .peekMultishot:
            return [stream(.receiveMultishot, .peek), datagrams(.receiveMessageMultishot(headerBytes: 16), .peek)]
        case .peekBundle: return [stream(.receive, [.peek, .bundle])]
        case .peekWaitAll: return [stream(.receive, [.peek, .waitAll], length: 20)]
        case .sendBundleLength: return [stream(.send, .bundle, length: 100)]
        case .skipSuccess:
            return [stream(.receive, .skipSuccess), stream(.send, .skipSuccess), file(.read, .skipSuccess)]
        case .incrementalSend: return [stream(.send, consumption: inc), stream(.send, .bundle, consumption: inc)]
        case .headerFillsBuffer: return [datagrams(.receiveMessageMultishot(headerBytes: 64))]
        case .incrementalDatagram:
            return [
                datagrams(.receive, consumption: inc), datagrams(.readMultishot, consumption: inc),
                datagrams(.receive, length: 40, consumption: .incremental(minimumLeft: 39)),
                datagrams(
                    .receiveMessageMultishot(headerBytes: 16), consumption: .incremental(minimumLeft: 16)),
                unknown(.receive, consumption: inc),
            ]
        }
    }

    /// What the reason advises, each of it in order.
    var instead: [BufferSelection] {
        let inc = Consumption.incremental()
        switch self {
        case .sendMessage, .zeroCopySend, .write: return [stream(.send), stream(.send, .bundle)]
        case .fixedBuffer: return [stream(.read, length: 8)]
        case .severalVectors: return [stream(.readVectors(1)), stream(.receiveMessage(vectors: 0))]
        case .bundledMessage: return [stream(.receiveMessage()), stream(.receiveMultishot, .bundle)]
        case .multishotWaitAll: return [stream(.receiveMultishot), stream(.receive, .waitAll, length: 20)]
        case .readMultishotOfFile: return [file(.read), pipe(.readMultishot), unknown(.readMultishot)]
        case .readMultishotLength: return [stream(.readMultishot), stream(.read, length: 8)]
        case .totalLength: return [stream(.receiveMultishot, total: 10), stream(.receive)]
        case .lengthOutOfRange: return [stream(.receive, length: (1 << 31) - 1), stream(.read, length: 1 << 31)]
        case .notASocket: return [pipe(.read), file(.read), unknown(.receive)]
        case .socketFlagOnRead: return [stream(.read), stream(.receive, .pollFirst)]
        case .headerLargerThanBuffer, .headerFillsBuffer: return [datagrams(.receiveMessageMultishot(headerBytes: 63))]
        case .headerMeetsBufferEnd:
            return [
                stream(.receiveMessageMultishot(headerBytes: 32), consumption: .incremental(minimumLeft: 33)),
                datagrams(.receiveMessageMultishot(headerBytes: 32), consumption: .incremental(minimumLeft: 33)),
            ]
        case .incrementalWaitAll: return [stream(.receive, consumption: inc), stream(.receive, .waitAll)]
        case .incrementalTruncate, .truncate, .bundleTruncate:
            return [
                datagrams(.receiveMessageMultishot(headerBytes: 16), .truncate),
                datagrams(
                    .receiveMessageMultishot(headerBytes: 16), .truncate, consumption: .incremental(minimumLeft: 32)),
                datagrams(.receive, .bundle), datagrams(.receive),
            ]
        case .incrementalAsyncLength:
            return [
                stream(.receive, .async, consumption: inc), stream(.receive, length: 8, consumption: inc),
                stream(.receiveMultishot, .async, length: 8, consumption: inc),
            ]
        case .incrementalFileLength: return [file(.read, consumption: inc), pipe(.read, length: 8, consumption: inc)]
        case .incrementalBundleLength:
            return [
                stream(.receive, .bundle, consumption: inc), stream(.receive, length: 100, consumption: inc),
                stream(.receive, .bundle, length: 100),
            ]
        case .bundleWaitAll: return [stream(.receive, .bundle), stream(.receive, .waitAll, length: 20)]
        case .incrementalBundleMinimum:
            return [
                stream(.receive, .bundle, consumption: inc),
                stream(.receiveMultishot, consumption: .incremental(minimumLeft: 24)),
            ]
        case .bundleAsyncLength:
            return [stream(.receive, [.bundle, .async]), stream(.receive, .bundle, length: 8)]
        case .truncateOnStream: return [stream(.receive)]
        case .peekMultishot, .peekBundle, .peekWaitAll:
            return [stream(.receive, .peek), datagrams(.receive, .peek), stream(.receive, .bundle)]
        case .sendBundleLength: return [stream(.send, .bundle), stream(.send, length: 100)]
        case .skipSuccess: return [stream(.receive), stream(.send), file(.read)]
        case .incrementalSend: return [stream(.send), stream(.send, .bundle)]
        case .incrementalDatagram:
            return [
                datagrams(.receive, consumption: .incremental(minimumLeft: 40)),
                datagrams(.receive, length: 40, consumption: .incremental(minimumLeft: 40)),
                stream(.receive, consumption: inc), datagrams(.receive),
            ]
        }
    }
}

private func make(
    _ kind: FileKind
) -> (BufferSelection.Operation, BufferSelection.Flags, Int, Int, Consumption) -> BufferSelection {
    { BufferSelection($0, on: kind, flags: $1, length: $2, totalLength: $3, consumption: $4, bufferSize: 64) }
}

private func stream(
    _ operation: BufferSelection.Operation, _ flags: BufferSelection.Flags = [], length: Int = 0, total: Int = 0,
    consumption: Consumption = .whole
) -> BufferSelection { make(.streamSocket)(operation, flags, length, total, consumption) }

private func datagrams(
    _ operation: BufferSelection.Operation, _ flags: BufferSelection.Flags = [], length: Int = 0, total: Int = 0,
    consumption: Consumption = .whole
) -> BufferSelection { make(.datagramSocket)(operation, flags, length, total, consumption) }

private func pipe(
    _ operation: BufferSelection.Operation, _ flags: BufferSelection.Flags = [], length: Int = 0,
    consumption: Consumption = .whole
) -> BufferSelection { make(.pollable)(operation, flags, length, 0, consumption) }

private func file(
    _ operation: BufferSelection.Operation, _ flags: BufferSelection.Flags = [], length: Int = 0,
    consumption: Consumption = .whole
) -> BufferSelection { make(.regularFile)(operation, flags, length, 0, consumption) }

private func unknown(
    _ operation: BufferSelection.Operation, _ flags: BufferSelection.Flags = [], length: Int = 0,
    consumption: Consumption = .whole
) -> BufferSelection { make(.unknown)(operation, flags, length, 0, consumption) }
