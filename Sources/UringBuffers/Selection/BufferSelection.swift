// A request that selects buffers from a group, described before it is submitted.

import Glibc

/// What a request would ask of the kernel, as plain values: fill it in and let ``validate(_:)`` look at it.
///
/// For everybody who fills in submission entries with buffer selection (`IOSQE_BUFFER_SELECT`) on any io_uring; no queue
/// and no group of ours is needed. Checking makes no system call.
public struct BufferSelection: Hashable, Sendable {
    /// What the request does.
    public enum Operation: Hashable, Sendable {
        case receive
        case receiveMultishot
        /// `IORING_OP_RECVMSG` with as many vectors in its message header.
        case receiveMessage(vectors: Int = 1)
        /// The same, multishot. Each buffer starts with ``BufferSelection/messageHeaderBytes(name:control:)`` bytes.
        case receiveMessageMultishot(headerBytes: Int)
        case read
        /// `IORING_OP_READV`.
        case readVectors(Int)
        case readMultishot
        case send
        case sendMessage
        case sendZeroCopy
        case sendMessageZeroCopy
        case write
        case writeVectors
        case readFixed
        case writeFixed
    }

    /// How it does it.
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Several buffers in one completion (`IORING_RECVSEND_BUNDLE`).
        public static var bundle: Self { Self(rawValue: 1 << 0) }
        /// Wait for data before trying (`IORING_RECVSEND_POLL_FIRST`).
        public static var pollFirst: Self { Self(rawValue: 1 << 1) }
        /// `MSG_WAITALL`.
        public static var waitAll: Self { Self(rawValue: 1 << 2) }
        /// `MSG_TRUNC`: the result is the size of the datagram, not what was written.
        public static var truncate: Self { Self(rawValue: 1 << 3) }
        /// `MSG_PEEK`.
        public static var peek: Self { Self(rawValue: 1 << 4) }
        /// Run on a kernel worker thread (`IOSQE_ASYNC`).
        public static var async: Self { Self(rawValue: 1 << 5) }
        /// No completion after a success (`IOSQE_CQE_SKIP_SUCCESS`).
        public static var skipSuccess: Self { Self(rawValue: 1 << 6) }
    }

    public var operation: Operation
    public var flags: Flags
    /// Bytes asked for, in the request or in its one vector. 0: whatever the buffer holds.
    public var length: Int
    /// Bytes after which a multishot receive ends (`optlen`). 0: no limit.
    public var totalLength: Int
    /// What the descriptor is.
    public var file: FileKind
    /// How the group's ring was registered.
    public var consumption: Consumption
    /// Bytes in each buffer of the group.
    public var bufferSize: Int

    public init(
        _ operation: Operation, on file: FileKind, flags: Flags = [], length: Int = 0, totalLength: Int = 0,
        consumption: Consumption = .whole, bufferSize: Int
    ) {
        self.operation = operation
        self.flags = flags
        self.length = length
        self.totalLength = totalLength
        self.file = file
        self.consumption = consumption
        self.bufferSize = bufferSize
    }

    /// Throws when the kernel would refuse the request, or accept it and then corrupt, lose or cut something.
    ///
    /// What passes here can still fail for reasons that a description does not show, such as an empty group. For a
    /// descriptor of ``FileKind/unknown`` kind the silent rules assume the worst; what the kernel would refuse
    /// aloud passes.
    ///
    /// - Throws: ``UringError`` with `EINVAL` and the cause ``UringError/Cause/refused(_:)``.
    public static func validate(_ selection: BufferSelection) throws(UringError) {
        guard let refusal = selection.refusal else { return }
        throw UringError(.selectBuffers, errno: EINVAL, cause: .refused(refusal))
    }

    /// Made once: each request that is armed goes through them.
    private static let rules = SelectionRefusal.allCases

    /// The first rule that the request breaks, `nil` when it is in order.
    public var refusal: SelectionRefusal? {
        isPlainest ? nil : Self.rules.first { $0.applies(to: self) }
    }

    /// Every rule that the request breaks.
    public var refusals: [SelectionRefusal] { Self.rules.filter { $0.applies(to: self) } }

    /// A receive of whole buffers with nothing that any rule is about: what programs ask for all the time.
    var isPlainest: Bool {
        consumption == .whole && operation.isPlainReceive && flags.isSubset(of: [.bundle, .pollFirst])
            && (file == .unknown || file.isSocket) && (0...Int(Int32.max)).contains(length)
            && (totalLength == 0 || operation == .receiveMultishot && (0...Int(UInt32.max)).contains(totalLength))
    }

    /// Bytes before the payload in each buffer of a multishot message receive: `struct io_uring_recvmsg_out`, then the
    /// room for the name (`msg_namelen`), then that for the control data (`msg_controllen`).
    public static func messageHeaderBytes(name: Int, control: Int) -> Int { 16 + name + control }
}
