// Each way in which a request that selects buffers goes wrong.

/// A rule that a request with buffer selection breaks. Each was seen to happen on Linux 6.18.
public enum SelectionRefusal: String, Hashable, Sendable, CaseIterable {
    // Refused by the kernel.
    case sendMessage, zeroCopySend, write, fixedBuffer
    case severalVectors, bundledMessage
    case multishotWaitAll, readMultishotOfFile, readMultishotLength
    case totalLength, lengthOutOfRange
    case notASocket, socketFlagOnRead
    case headerLargerThanBuffer, headerMeetsBufferEnd
    // Accepted, and bytes are wrong.
    case incrementalWaitAll, incrementalTruncate, incrementalAsyncLength, incrementalFileLength
    case incrementalBundleLength, incrementalBundleMinimum
    case bundleWaitAll, bundleTruncate, bundleAsyncLength
    case truncateOnStream, truncate
    case peekMultishot, peekBundle, peekWaitAll
    case sendBundleLength
    // Accepted, and buffers are lost.
    case skipSuccess, incrementalSend
    // Accepted, and data is cut.
    case headerFillsBuffer, incrementalDatagram

    /// What would happen.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// The kernel completes the request with an error.
        case refusedByKernel
        /// The kernel accepts it, and bytes end up where they do not belong, twice, or unsaid.
        case corruptsSilently
        /// The kernel accepts it, and uses up buffers without telling.
        case losesBuffers
        /// The kernel accepts it, and cuts messages for which there would have been room.
        case truncates
    }

    public var kind: Kind {
        switch self {
        case .sendMessage, .zeroCopySend, .write, .fixedBuffer, .severalVectors, .bundledMessage, .multishotWaitAll,
            .readMultishotOfFile, .readMultishotLength, .totalLength, .lengthOutOfRange, .notASocket,
            .socketFlagOnRead, .headerLargerThanBuffer, .headerMeetsBufferEnd:
            .refusedByKernel
        case .incrementalWaitAll, .incrementalTruncate, .incrementalAsyncLength, .incrementalFileLength,
            .incrementalBundleLength, .incrementalBundleMinimum, .bundleWaitAll, .bundleTruncate, .bundleAsyncLength,
            .truncate, .truncateOnStream,
            .peekMultishot, .peekBundle, .peekWaitAll, .sendBundleLength:
            .corruptsSilently
        case .skipSuccess, .incrementalSend: .losesBuffers
        case .headerFillsBuffer, .incrementalDatagram: .truncates
        }
    }
}
