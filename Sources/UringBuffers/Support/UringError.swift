// The one error of the library.

import Glibc

/// What went wrong, with what, and what to do about it.
///
/// Plain data: comparing, copying and throwing it allocates nothing. The sentences are made when they are asked for.
@frozen
public struct UringError: Error, Hashable, Sendable {
    /// What was being done.
    public let operation: Operation
    /// The kernel's error number, positive (`EINVAL`, `ENOMEM`, …).
    public let errno: Int32
    /// Which of several causes of the same number it is, when we know.
    public let cause: Cause

    public init(_ operation: Operation, errno: Int32, cause: Cause = .kernel) {
        self.operation = operation
        self.errno = errno
        self.cause = cause
    }

    /// The operations that can fail.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case allocateMemory = "allocate memory"
        case mapRing = "map the kernel's buffer ring"
        case registerBufferRing = "register the buffer ring"
        case unregisterBufferRing = "unregister the buffer ring"
        case provideBuffers = "provide buffers"
        case readBufferRingHead = "read the buffer ring's head"
        case registerFixedBuffers = "register fixed buffers"
        case registerRegion = "register the memory region"
        case mapRegion = "map the kernel's memory region"
        case enableRing = "enable the ring"
        case unregisterFixedBuffers = "unregister fixed buffers"
        case cloneFixedBuffers = "clone fixed buffers"
        case duplicateDescriptor = "duplicate the ring descriptor"
        case closeGroup = "close the buffer group"
        case createPool = "create the buffer pool"
        case createQueue = "create the queue"
        case submit = "submit requests"
        case wait = "wait for completions"
        case createWakeUp = "create the wake-up descriptor"
        case receive, send, accept, connect
        case readFile = "read the file"
        case writeFile = "write the file"
        case shutdown = "shut down"
        case socket = "set up the socket"
        case selectBuffers = "select buffers from a group"
    }

    /// Causes that the number alone does not tell apart.
    public enum Cause: Hashable, Sendable {
        /// Nothing more is known than the number.
        case kernel
        /// An entry count that is not a power of two in 1...32768.
        case capacity(Int)
        /// A queue's entry count that is out of range.
        case queueEntries(Int)
        /// A byte count that is zero, negative or too large.
        case byteCount(Int)
        /// An alignment that is not a power of two of at least a page.
        case misaligned(Int)
        /// The pool of huge pages is empty, or the kernel has none of that size.
        case noHugePages(HugePageSize)
        /// A group id at or above 2048 with kernel-allocated ring memory.
        case unmappableGroup(UInt16)
        /// A `minimumLeft` that is negative or not below the buffer size.
        case minimumLeft(Int)
        /// The kernel has no incremental consumption, or not its `min_left`.
        case incremental(minimumLeft: Int)
        /// A number of fixed-buffer slots, or a slot, that is out of range.
        case fixedSlot(Int)
        /// A region for waits on a ring that is enabled already.
        case ringIsEnabled
        /// The kernel has no memory regions.
        case noRegions
        /// A region has only so many bytes left.
        case regionFull(Int)
        /// A number of wait slots, or a slot, that is out of range.
        case waitSlot(Int)
        /// A minimum wait that the kernel's 32 bits of microseconds do not hold.
        case minimumWait(seconds: Int64)
        /// A slot of fixed buffers that is in use and not to be replaced.
        case fixedSlotInUse(Int)
        /// Buffers for a slot that the group does not have, or none: from the first one up to, not including, the second.
        case fixedBuffers(from: Int32, to: Int32)
        /// Heap memory, which cannot be a fixed buffer.
        case fixedHeapMemory
        /// A table of fixed buffers that is to be cloned into itself.
        case fixedClonesItself
        /// A request that names a slot of fixed buffers wrongly.
        case fixedRefused(FixedRefusal)
        /// The locked-memory limit: what this would be charged, and the limit, in KiB.
        case lockedMemory(needed: UInt32, limit: UInt32)
        /// `ENOMEM` where no locked-memory limit applies.
        case outOfMemory
        /// A class of a pool, by its place in the list, that is not larger than the one before, or the first of none.
        case poolClass(Int)
        /// Consecutive group ids that would end beyond 65535, or an id that two classes of a pool have.
        case groupID(Int)
        /// A pool's budget, in KiB, and the least that its classes need.
        case budget(given: UInt32, needed: UInt32)
        /// A group that shares the budget of a pool, which pinned memory would break.
        case pooled(UInt16)
        /// Completions that carry buffers were not taken yet.
        case unreaped(Int)
        /// A request that must not select buffers as it would.
        case refused(SelectionRefusal)
    }
}

extension UringError {
    /// The symbol of ``errno``, such as `ENOBUFS`.
    public var symbol: String { ErrnoNames.symbol(of: errno) }

    /// A sentence that says what to do.
    public var remedy: String { Remedies.sentence(for: self) }
}

extension UringError: CustomStringConvertible {
    public var description: String { "cannot \(operation.rawValue): \(symbol). \(remedy)" }
}
