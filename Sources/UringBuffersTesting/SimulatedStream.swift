// Where simulated receives get their bytes: a queue of bytes or of datagrams, its end, its failure.

internal import CUring
internal import Glibc
internal import UringBuffers

/// One end of a simulated connection: a test sends into it, requests receive from it.
///
/// Made by ``SimulatedKernel/makeStream(_:)``.
public final class SimulatedStream {
    /// What a descriptor refers to; each kind reports the end and what it left behind in its own way.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case unixStream
        case tcp
        /// `AF_UNIX` datagrams: one transfer takes one; what does not fit is cut off.
        case datagrams
        /// Read with `IORING_OP_READ` or its multishot form; the others with `IORING_OP_RECV`.
        case pipe
    }

    public let kind: Kind
    private unowned let kernel: SimulatedKernel
    private var bytes: [UInt8] = []
    private var consumed = 0
    /// Lengths of the datagrams in `bytes`, oldest first.
    private var datagrams: [Int] = []
    /// Bytes, or datagrams, of those that have not arrived yet.
    private var inFlight = 0
    private var isClosed = false
    private var isBroken = false
    /// The error that no receive has seen yet.
    private var failure: Int32?

    init(_ kind: Kind, kernel: SimulatedKernel) {
        self.kind = kind
        self.kernel = kernel
    }

    /// Sends bytes, or one datagram. They arrive at once, or when the schedule says so. Not after ``close()``.
    public func send(_ bytes: some Collection<UInt8>) {
        demand(!isClosed, "a stream that was closed sends nothing more")
        self.bytes.append(contentsOf: bytes)
        if kind == .datagrams { datagrams.append(bytes.count) } else if bytes.isEmpty { return }
        inFlight += kind == .datagrams ? 1 : bytes.count
        kernel.arrive(at: self)
    }

    /// Ends the stream: after the last byte, receives get 0. Datagram sockets have no end.
    public func close() {
        demand(kind != .datagrams, "datagram sockets have no end")
        guard !isClosed else { return }
        isClosed = true
        kernel.arrive(at: self)
    }

    /// Breaks the stream: after the last byte, one receive gets this error (`ECONNRESET`), later ones 0.
    public func fail(errno: Int32) {
        failure = errno
        isBroken = true
        isClosed = true
        kernel.arrive(at: self)
    }

    /// Bytes that arrived and were not received.
    public var unread: Int {
        guard kind == .datagrams else { return bytes.count - consumed - inFlight }
        return datagrams.prefix(datagrams.count - inFlight).reduce(0, +)
    }

    /// Whether something was sent that has not arrived.
    var hasMoreInFlight: Bool { inFlight > 0 }
    /// How much has not arrived: bytes, or datagrams.
    var amountInFlight: Int { inFlight }
    func land(_ amount: Int) { inFlight -= amount }

    /// Whether the end has arrived; bytes may be left before it.
    var hasEnded: Bool { isClosed && inFlight == 0 }
    /// What `poll` says: a receive would not wait.
    var isReadable: Bool {
        hasEnded || (kind == .datagrams ? datagrams.count > inFlight : unread > 0)
    }

    /// What a socket says is left (`msg_inq`), -1 when it does not say. TCP counts the peer's FIN.
    var leftBehind: Int {
        switch kind {
        case .unixStream: unread
        case .tcp: unread + (hasEnded && !isBroken ? 1 : 0)
        case .datagrams, .pipe: -1
        }
    }

    /// Moves bytes into memory: a count, 0 at the end, or a negative errno.
    func receive(into segments: [Segment]) -> Int {
        var room = 0
        for segment in segments { room += segment.length }
        guard isReadable else { return Int(-EAGAIN) }
        let wanted = kind == .datagrams ? datagrams.removeFirst() : min(unread, room)
        if kind != .datagrams && unread == 0 {
            defer { failure = nil }
            return Int(-(failure ?? 0))
        }
        var moved = 0
        for segment in segments where moved < wanted {
            guard segment.address != 0 else { break }
            let count = min(segment.length, wanted - moved)
            copy(from: consumed + moved, count: count, to: segment.address)
            moved += count
        }
        guard moved > 0 || wanted == 0 || room == 0 else { return Int(-EFAULT) }
        drop(kind == .datagrams ? wanted : moved)
        return moved
    }

    private func copy(from start: Int, count: Int, to address: UInt64) {
        // Safe: the range is within the array, and an entry's memory is its publisher's to give.
        unsafe bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress, let target = unsafe UnsafeMutableRawPointer(bitPattern: UInt(address))
            else { return }
            unsafe curing_copy_as_kernel(target, base + start, UInt64(count))
        }
    }

    private func drop(_ count: Int) {
        consumed += count
        if consumed > 4096 && consumed > bytes.count / 2 {
            bytes.removeFirst(consumed)
            consumed = 0
        }
    }
}

/// One stretch of memory that a transfer may fill.
struct Segment {
    let address: UInt64
    let length: Int
}
