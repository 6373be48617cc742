// What a kernel may be able to do, one name for each thing that is probed.

/// One ability of io_uring that a pool can use.
public enum KernelFeature: String, Hashable, Sendable, Codable, CaseIterable {
    /// Buffers that the kernel picks, provided by requests (`IORING_OP_PROVIDE_BUFFERS`).
    case providedBuffers
    /// Buffers that the kernel picks from a shared ring (`IORING_REGISTER_PBUF_RING`): what this library is about.
    case bufferRings
    /// Ring memory that the kernel allocates (`IOU_PBUF_RING_MMAP`).
    case kernelRings
    /// The ring's head can be asked for (`IORING_REGISTER_PBUF_STATUS`): books are compared with the kernel's.
    case ringHead
    /// A buffer is filled piece by piece (`IOU_PBUF_RING_INC`).
    case incremental
    /// A buffer ends early when little of it is left (`min_left`): datagrams may be received incrementally.
    case minimumLeft
    /// One receive goes on for ever (`IORING_RECV_MULTISHOT`).
    case multishotReceive
    /// A multishot receive ends after so many bytes (`optlen` of a receive).
    case receiveBudget
    /// One completion brings several buffers (`IORING_RECVSEND_BUNDLE`).
    case bundles
    /// The kernel runs deferred work only while the owner waits (`IORING_SETUP_DEFER_TASKRUN`).
    case deferredTaskRun
    /// Sends that do not copy (`IORING_OP_SEND_ZC`).
    case zeroCopySend
    /// The same for gathered sends (`IORING_OP_SENDMSG_ZC`).
    case zeroCopySendMessage
    /// A sparse table of fixed buffers (`IORING_REGISTER_BUFFERS2`).
    case fixedBuffers
    /// A table shared with another ring (`IORING_REGISTER_CLONE_BUFFERS`).
    case cloneBuffers
    /// A part of a table shared with another ring.
    case clonePartOfBuffers
    /// Memory shared with the kernel (`IORING_REGISTER_MEM_REGION`).
    case memoryRegions
    /// Waits whose arguments lie in such a region (`IORING_ENTER_EXT_ARG_REG`).
    case registeredWaits
    /// Receives that do not copy, from a network card's own queue (`IORING_OP_RECV_ZC`).
    case zeroCopyReceive
    /// The kernel tells what it knows (`IORING_REGISTER_QUERY`).
    case query
    /// It tells about zero-copy receives as well.
    case zeroCopyReceiveQuery
}

extension KernelFeature {
    /// The release of Linux that brought it; distributions and stable kernels may have it earlier. For messages and
    /// simulated kernels: whether the running kernel has it is probed.
    public var since: KernelRelease {
        switch self {
        case .providedBuffers: KernelRelease(5, 7)
        case .bufferRings, .fixedBuffers: KernelRelease(5, 19)
        case .multishotReceive, .zeroCopySend: KernelRelease(6, 0)
        case .deferredTaskRun, .zeroCopySendMessage: KernelRelease(6, 1)
        case .kernelRings: KernelRelease(6, 4)
        case .ringHead: KernelRelease(6, 8)
        case .bundles: KernelRelease(6, 10)
        case .incremental, .cloneBuffers: KernelRelease(6, 12)
        case .clonePartOfBuffers, .memoryRegions, .registeredWaits: KernelRelease(6, 13)
        case .zeroCopyReceive: KernelRelease(6, 15)
        case .receiveBudget: KernelRelease(6, 17)
        case .query: KernelRelease(6, 18)
        case .zeroCopyReceiveQuery: KernelRelease(7, 0)
        case .minimumLeft: KernelRelease(7, 1)
        }
    }
}
