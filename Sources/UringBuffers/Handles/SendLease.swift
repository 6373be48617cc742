// Buffers lent to a zero-copy send: the kernel reads them until its notification.

public import Glibc
internal import Synchronization

/// Bytes that the kernel may read after the send's result is known.
///
/// A zero-copy send (`IORING_OP_SEND_ZC`, `SENDMSG_ZC`) completes twice: its *result* says how many bytes were taken, its
/// *notification* says that the kernel reads them no more. Only then may the buffer be filled again. A lease consumes the
/// buffers when the request is made, is told both completions in whatever order they come, and gives the buffers back
/// when it ends after the last of them.
///
///      lease ──began()──▶ in flight ──result, F_MORE──▶ waiting ──NOTIF──▶ released     (the usual way)
///                            │ └──────result, no F_MORE────────────────────▶ released     (failed at once)
///                            └──NOTIF──▶ in flight ──result────────────────▶ released     (odd order)
///
/// A lease that ends while the kernel may still read keeps its buffers for ever, counted as ``GroupSnapshot/States/sending``:
/// never a use after free. ``UringQueue`` keeps leases itself; this type is for stacks with a ring of their own.
@safe
public struct SendLease: ~Copyable, @unchecked Sendable {
    // @unchecked: as the handles that it consumed.

    /// On the heap, so that an unreleased lease can leave it alone.
    private let content: UnsafeMutablePointer<Content>
    let header: UnsafeMutablePointer<GroupHeader>
    /// The number of bytes lent.
    public let byteCount: Int
    /// Bytes that results reported as taken.
    public private(set) var sent = 0
    private var isInFlight = false
    /// Notifications that results announced, less those that came.
    private var notificationsDue = 0
    /// When the last zero-copy send was made, where that is measured.
    private var began = 0

    private enum Content: ~Copyable {
        case bundle(BufferBundle)
        case shared(SharedBuffer)
    }

    /// Lends a buffer.
    public init(_ buffer: consuming ProvidedBuffer, file: StaticString = #fileID, line: UInt = #line) {
        self.init(BufferBundle(buffer), file: file, line: line)
    }

    /// Lends a chain of buffers, for one gathered send.
    public init(_ bundle: consuming BufferBundle, file: StaticString = #fileID, line: UInt = #line) {
        byteCount = bundle.byteCount
        unsafe header = unsafe bundle.header
        bundle.markSending(true)
        bundle.touch(SourceTouch(file, line))
        unsafe content = .allocate(capacity: 1)
        unsafe content.initialize(to: .bundle(bundle))
    }

    /// Lends a slice of a shared buffer. Its other readers go on reading.
    public init(_ slice: SharedBuffer) {
        byteCount = slice.count
        unsafe header = unsafe slice.header
        unsafe content = .allocate(capacity: 1)
        unsafe content.initialize(to: .shared(slice))
    }

    deinit {
        // The kernel may still read: the buffers stay where they are.
        guard isReleased else {
            unsafe header.pointee.shared.leaked.add(bufferCount, ordering: .relaxed)
            return unsafe Abandoned.keep(content, byteCount: 0)
        }
        // Safe: initialised in every init, and ended here only.
        if case .bundle(let bundle) = unsafe content.move() { bundle.markSending(false) }
        unsafe content.deallocate()
    }

    /// Whether the kernel reads nothing of it: it was never sent, or everything about its sends is known. Ending the
    /// lease then gives the buffers back.
    public var isReleased: Bool { !isInFlight && notificationsDue <= 0 }

    /// Whether a result is still to come. Another send of the rest must wait for it.
    public var isAwaitingResult: Bool { isInFlight }

    /// Fills `vectors` with what is not sent yet, and returns how many buffers and bytes that are: for the request that
    /// the next ``began()`` is about. The addresses are valid until the lease is released.
    public func gather(into vectors: UnsafeMutableBufferPointer<iovec>) -> (buffers: Int, bytes: Int) {
        switch unsafe content.pointee {
        case .bundle(let bundle): return unsafe bundle.gather(skipping: sent, into: vectors)
        case .shared(let slice):
            guard vectors.count > 0, sent < byteCount else { return (0, 0) }
            unsafe vectors[0] = unsafe iovec(iov_base: slice.start + sent, iov_len: byteCount - sent)
            return (1, byteCount - sent)
        }
    }

    /// The number of buffers lent.
    public var bufferCount: Int {
        switch unsafe content.pointee {
        case .bundle(let bundle): bundle.count
        case .shared: 1
        }
    }

    /// A request was made of it: a zero-copy send, or an ordinary one, which the books do not count. Traps while another
    /// one's result is still to come.
    public mutating func began(isZeroCopy: Bool = true) {
        demand(!isInFlight, "the result of the send before is not known yet")
        isInFlight = true
        if isZeroCopy { began = unsafe header.pointee.noteZeroCopySend() }
    }

    /// What one completion of a zero-copy send means.
    public enum Progress: Hashable, Sendable {
        /// The result: so many bytes were taken. The kernel may still read them unless the lease is released now.
        case sent(Int)
        /// The result: nothing was taken.
        case failed(UringError)
        /// The notification: the bytes of one send are read no more. `copied` tells that the kernel copied them after
        /// all (loopback, devices without scatter and gather): an ordinary send would have been cheaper.
        case released(copied: Bool)
    }

    /// Tells the lease one completion of its send.
    public mutating func complete(result: Int32, flags: CompletionFlags) -> Progress {
        if flags.contains(.notification) {
            demand(
                notificationsDue + (isInFlight ? 1 : 0) > 0, "the lease was told more notifications than it has sends")
            notificationsDue -= 1
            let copied = UInt32(bitPattern: result) & SendLease.copiedMark != 0
            unsafe header.pointee.noteNotification(copied: copied, began: began)
            return .released(copied: copied)
        }
        demand(isInFlight, "the lease was told a result of a send that it knows nothing of")
        isInFlight = false
        // Trust the flag alone: failed sends can have a notification, too.
        notificationsDue = flags.contains(.more) ? notificationsDue + 1 : Swift.max(0, notificationsDue)
        guard result >= 0 else { return .failed(UringError(.send, errno: 0 &- result)) }
        demand(Int(result) <= byteCount - sent, "the result is larger than what was lent")
        sent += Int(result)
        return .sent(Int(result))
    }

    /// `IORING_NOTIF_USAGE_ZC_COPIED`.
    private static let copiedMark: UInt32 = 1 << 31
}
