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

    /// Whether the request has ended: no completion with this tag follows.
    @inlinable public var isFinal: Bool { !flags.contains(.more) }
}

extension BufferGroup {
    /// Turns the completion of a receive from this group into owned buffers: ``take(result:flags:)``.
    @inlinable
    public func take(_ completion: Completion) -> TakeOutcome {
        take(result: completion.result, flags: completion.flags)
    }
}
