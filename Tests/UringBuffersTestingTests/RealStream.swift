// A connection of the real kernel, of the same kinds as the simulated ones.

import CBareRing
import Glibc
import KernelSupport
import UringBuffersTesting

@safe
final class RealStream {
    let kind: SimulatedStream.Kind
    private let writer: Int32
    let reader: Int32
    private let pair: SocketPair?
    private var isOpen = true

    init(_ kind: SimulatedStream.Kind) {
        self.kind = kind
        var ends: [Int32] = [-1, -1]
        switch kind {
        case .tcp:
            let pair = SocketPair(.tcp)
            self.pair = pair
            (writer, reader) = (pair.writer, pair.reader)
            return
        // Safe: each call writes two descriptors.
        case .unixStream: precondition(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        case .datagrams: precondition(unsafe socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, &ends) == 0)
        case .pipe:
            precondition(unsafe pipe(&ends) == 0)
            // Each small write may take a page of its own (F_SETPIPE_SZ).
            precondition(fcntl(ends[0], 1031, Int32(1 << 20)) > 0)
            ends.swapAt(0, 1)
        }
        pair = nil
        (writer, reader) = (ends[0], ends[1])
    }

    deinit {
        guard pair == nil else { return }
        if isOpen { _ = Glibc.close(writer) }
        _ = Glibc.close(reader)
    }

    func send(_ bytes: [UInt8], unread: Int) {
        let written = unsafe bytes.withUnsafeBytes { unsafe write(writer, $0.baseAddress, $0.count) }
        precondition(written == bytes.count, "write: errno \(errno)")
        settle(unread: unread, ended: false)
    }

    /// Closes with `SO_LINGER` 0, which makes TCP send a reset.
    func reset(unread: Int) {
        var now = linger(l_onoff: 1, l_linger: 0)
        // Safe: the kernel reads the struct.
        let result = unsafe setsockopt(
            writer, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        precondition(result == 0, "setsockopt: errno \(errno)")
        close(unread: unread)
    }

    func close(unread: Int) {
        isOpen = false
        if let pair { pair.closeWriter() } else { _ = Glibc.close(writer) }
        settle(unread: unread, ended: true)
    }

    /// Loopback TCP delivers while `write` runs, unless the machine is busy: wait, so that both kernels know the same.
    ///
    /// A child process that another test starts at this moment has a copy of the writing end until it begins its program.
    private func settle(unread: Int, ended: Bool) {
        switch kind {
        case .tcp: bare_await_arrival(reader, Int32(unread), ended ? 1 : 0)
        case .unixStream, .pipe:
            var end = pollfd(fd: reader, events: 0, revents: 0)
            // Safe: the call looks at one descriptor and writes the one structure.
            while ended, unsafe poll(&end, 1, 10_000) == -1 {}
        case .datagrams: break
        }
    }
}
