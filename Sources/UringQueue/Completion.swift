// One completion, as the caller sees it.

public import UringBuffers

/// The end of a request, or one of several results of a multishot request.
@frozen
public struct Completion: Hashable, Sendable {
    /// The tag that the request was made with.
    public let tag: UInt64
    /// A count or descriptor, or a negative errno.
    public let result: Int32
    /// The kernel's flags.
    public let flags: CompletionFlags

    @inlinable
    public init(tag: UInt64, result: Int32, flags: CompletionFlags) {
        self.tag = tag
        self.result = result
        self.flags = flags
    }

    /// Of the notification of a zero-copy send: whether the kernel copied bytes after all, so that an ordinary send
    /// would have been cheaper (`IORING_NOTIF_USAGE_ZC_COPIED`).
    @inlinable public var wasCopied: Bool {
        flags.contains(.notification) && result == Completion.copiedResult
    }

    @usableFromInline static let copiedResult = Int32.min

    /// Why the queue refused the request without asking the kernel; the result is `-EINVAL` then. ``BufferGroup/take(_:)``
    /// makes a ``TakeOutcome/failed(_:)`` of it that tells the reason.
    public var refusal: SelectionRefusal? {
        // Without a buffer the kernel leaves the upper half of the word 0.
        let number = Int(flags.rawValue >> 16)
        guard result == -UringErrno.invalid, !flags.contains(.buffer), transfer == nil,
            (1...SelectionRefusal.allCases.count).contains(number)
        else { return nil }
        return SelectionRefusal.allCases[number - 1]
    }

    /// The flags of a refusal.
    static func flags(of refusal: SelectionRefusal) -> UInt32 {
        UInt32(SelectionRefusal.allCases.firstIndex(of: refusal)! + 1) << 16
    }

    /// Whether the request has ended: no completion with this tag follows.
    @inlinable public var isFinal: Bool { !flags.contains(.more) }
}

extension Completion {
    @usableFromInline var refusalError: UringError? {
        refusal.map { UringError(.selectBuffers, errno: -result, cause: .refused($0)) }
    }
}

extension BufferGroup {
    /// Turns the completion of a receive from this group into owned buffers: ``take(result:flags:)``.
    @inlinable
    public func take(
        _ completion: Completion, file: StaticString = #fileID, line: UInt = #line
    ) -> TakeOutcome {
        if completion.result < 0, let error = completion.refusalError { return .failed(error) }
        return take(result: completion.result, flags: completion.flags, file: file, line: line)
    }

    /// The same, charged to `tag`: ``take(result:flags:tag:)``.
    public func take(
        _ completion: Completion, tag: OwnerTag, file: StaticString = #fileID, line: UInt = #line
    ) -> TakeOutcome {
        if completion.result < 0, let error = completion.refusalError { return .failed(error) }
        return take(result: completion.result, flags: completion.flags, tag: tag, file: file, line: line)
    }
}
