// The system calls that the library makes.

internal import CUring

/// A kind of system call that the library makes, in itself or in liburing on its behalf.
public struct SystemCall: Hashable, Sendable {
    let number: UInt32
    /// The call's name in the manual; of `io_uring_register` with the opcode's.
    public let name: String

    private init(_ number: UInt32, _ name: String) {
        self.number = number
        self.name = name
    }

    public static let mmap = SystemCall(CURING_CALL_MMAP, "mmap")
    public static let munmap = SystemCall(CURING_CALL_MUNMAP, "munmap")
    public static let madvise = SystemCall(CURING_CALL_MADVISE, "madvise")
    public static let mincore = SystemCall(CURING_CALL_MINCORE, "mincore")
    public static let posixMemalign = SystemCall(CURING_CALL_POSIX_MEMALIGN, "posix_memalign")
    public static let memfdCreate = SystemCall(CURING_CALL_MEMFD_CREATE, "memfd_create")
    public static let ftruncate = SystemCall(CURING_CALL_FTRUNCATE, "ftruncate")
    /// `fcntl` with `F_DUPFD_CLOEXEC`.
    public static let duplicate = SystemCall(CURING_CALL_DUP, "fcntl(F_DUPFD_CLOEXEC)")
    /// The descriptor is closed all the same, as Linux does.
    public static let close = SystemCall(CURING_CALL_CLOSE, "close")
    public static let getsockopt = SystemCall(CURING_CALL_GETSOCKOPT, "getsockopt")
    public static let epollCreate = SystemCall(CURING_CALL_EPOLL_CREATE, "epoll_create1")
    public static let epollControl = SystemCall(CURING_CALL_EPOLL_CTL, "epoll_ctl")
    public static let eventfd = SystemCall(CURING_CALL_EVENTFD, "eventfd")
    public static let eventfdRead = SystemCall(CURING_CALL_EVENTFD_READ, "read(eventfd)")
    public static let eventfdWrite = SystemCall(CURING_CALL_EVENTFD_WRITE, "write(eventfd)")
    public static let socket = SystemCall(CURING_CALL_SOCKET, "socket")
    public static let setsockopt = SystemCall(CURING_CALL_SETSOCKOPT, "setsockopt")
    public static let bind = SystemCall(CURING_CALL_BIND, "bind")
    public static let listen = SystemCall(CURING_CALL_LISTEN, "listen")
    public static let getsockname = SystemCall(CURING_CALL_GETSOCKNAME, "getsockname")
    public static let getpeername = SystemCall(CURING_CALL_GETPEERNAME, "getpeername")
    public static let connect = SystemCall(CURING_CALL_CONNECT, "connect")
    public static let socketpair = SystemCall(CURING_CALL_SOCKETPAIR, "socketpair")
    /// With the mappings of the queues, all of which liburing makes and undoes.
    public static let setup = SystemCall(CURING_CALL_SETUP, "io_uring_setup")
    /// Of a queue that chooses the buffer itself.
    public static let receive = SystemCall(CURING_CALL_RECVFROM, "recvfrom")
    public static let getrlimit = SystemCall(CURING_CALL_GETRLIMIT, "getrlimit")
    public static let uname = SystemCall(CURING_CALL_UNAME, "uname")
    /// Of files in /proc, like the next two.
    public static let open = SystemCall(CURING_CALL_OPEN, "open")
    public static let read = SystemCall(CURING_CALL_READ, "read")
    public static let stat = SystemCall(CURING_CALL_STAT, "stat")
    public static let signalfd = SystemCall(CURING_CALL_SIGNALFD, "signalfd")
    public static let signalfdRead = SystemCall(CURING_CALL_SIGNALFD_READ, "read(signalfd)")
    /// Submitting and waiting.
    public static let enter = SystemCall(CURING_CALL_ENTER, "io_uring_enter")
    /// Only fetching completions that the kernel keeps aside.
    public static let enterToFlush = SystemCall(CURING_CALL_ENTER_FLUSH, "io_uring_enter(flush)")

    public static let unregisterBuffers = register(1, "UNREGISTER_BUFFERS")
    public static let registerProbe = register(8, "REGISTER_PROBE")
    public static let registerBuffers2 = register(15, "REGISTER_BUFFERS2")
    public static let registerBuffersUpdate = register(16, "REGISTER_BUFFERS_UPDATE")
    public static let enableRings = register(12, "ENABLE_RINGS")
    public static let registerRingFDs = register(20, "REGISTER_RING_FDS")
    public static let registerBufferRing = register(22, "REGISTER_PBUF_RING")
    public static let unregisterBufferRing = register(23, "UNREGISTER_PBUF_RING")
    public static let registerSyncCancel = register(24, "REGISTER_SYNC_CANCEL")
    public static let registerBufferStatus = register(26, "REGISTER_PBUF_STATUS")

    public static let cloneBuffers = register(30, "REGISTER_CLONE_BUFFERS")
    public static let registerRegion = register(34, "REGISTER_MEM_REGION")
    public static let registerQuery = register(35, "REGISTER_QUERY")

    private static func register(_ opcode: UInt32, _ name: String) -> SystemCall {
        SystemCall(CURING_CALL_REGISTER + opcode, "io_uring_register(\(name))")
    }

    /// Every one.
    public static let all: [SystemCall] = [
        mmap, munmap, madvise, mincore, posixMemalign, memfdCreate, ftruncate, duplicate, close, getsockopt,
        epollCreate, epollControl, eventfd, eventfdRead, eventfdWrite, socket, setsockopt, bind, listen, getsockname,
        getpeername, connect, socketpair, receive, getrlimit, uname, open, read, stat, signalfd, signalfdRead, setup,
        enter, enterToFlush,
        unregisterBuffers, registerProbe, registerBuffers2,
        registerBuffersUpdate, enableRings, registerRingFDs, registerBufferRing, unregisterBufferRing,
        registerSyncCancel,
        registerBufferStatus, cloneBuffers, registerRegion, registerQuery,
    ]
}

extension SystemCall: CustomStringConvertible {
    public var description: String { name }
}
