// The flags word of a completion, as the pool reads it.

public import CUring

/// The flags of one completion (`struct io_uring_cqe.flags`).
@frozen
public struct CompletionFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A buffer belongs to this completion, whatever its result (`IORING_CQE_F_BUFFER`).
    @inlinable public static var buffer: Self { Self(rawValue: CURING_CQE_F_BUFFER) }
    /// The request stays armed and will complete again (`IORING_CQE_F_MORE`).
    @inlinable public static var more: Self { Self(rawValue: CURING_CQE_F_MORE) }
    /// The socket had more data when this was posted (`IORING_CQE_F_SOCK_NONEMPTY`).
    @inlinable public static var socketNonEmpty: Self { Self(rawValue: CURING_CQE_F_SOCK_NONEMPTY) }
    /// The notification of a zero-copy send (`IORING_CQE_F_NOTIF`).
    @inlinable public static var notification: Self { Self(rawValue: CURING_CQE_F_NOTIF) }
    /// Incremental mode: the kernel keeps the buffer (`IORING_CQE_F_BUF_MORE`).
    @inlinable public static var bufferMore: Self { Self(rawValue: CURING_CQE_F_BUF_MORE) }

    /// The bid in the upper half (`IORING_CQE_BUFFER_SHIFT`). Means something only with ``buffer``.
    @inlinable public var bufferID: BufferID {
        BufferID(UInt16(truncatingIfNeeded: rawValue >> CURING_CQE_BUFFER_SHIFT))
    }
}
