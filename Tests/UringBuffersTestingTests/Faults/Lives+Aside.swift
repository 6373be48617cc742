// Lives of what stands beside the pool: sockets, wake-ups, questions to the kernel.

import CUring
import Glibc
import KernelSupport
import UringBuffers
import UringQueue

extension Life {
    static let aside = [sockets, wakeUps, signals, questions, probing]

    static let sockets = Life(name: "sockets") { stage throws(UringError) in
        let queue = try UringQueue(entries: 8)
        for host in ["127.0.0.1", "::1"] {
            guard let address = try? SocketAddress.resolve(host: host, port: 0)[0] else { continue }
            let listener = try Socket.listen(on: address)
            defer { _ = close(listener) }
            let bound = try Socket.localAddress(of: listener)
            let client = try Socket.make(for: bound)
            defer { _ = close(client) }
            Socket.setNoDelay(client)
            Socket.setKeepAlive(client)
            Socket.setResetOnClose(client)
            let isConnecting = Socket.connect(client, to: bound)
            stage.require(isConnecting || errno != 0, "refused without a reason")
            // Over loopback the handshake is done when the call returns.
            if isConnecting { _ = try Socket.peerAddress(of: client) }
            queue.nop(tag: 1)
            try queue.wait(timeout: .seconds(5))
            queue.forEachCompletion { _ in }
        }
    }

    static let wakeUps = Life(name: "wake-ups") { stage throws(UringError) in
        let queue = try UringQueue(entries: 8)
        let wakeUp = try queue.makeWakeUp()
        for _ in 0..<2 {
            wakeUp.wake()
            // Lost when the write failed: then the time ends the wait.
            _ = try queue.wait(timeout: .milliseconds(20))
            queue.forEachCompletion { _ in }
            _ = queue.takeWakeUp()
        }
    }

    /// The tool's.
    static let signals = Life(name: "termination signals") { stage throws(UringError) in
        let descriptor = curing_termination_signals()
        guard descriptor >= 0 else { return }
        stage.require(curing_read_signal(descriptor) == 0, "a signal came")
        _ = close(descriptor)
    }

    static let probing = Life(name: "what the kernel can do", isQuestion: true) { stage throws(UringError) in
        let release = KernelRelease.current
        stage.require(release == KernelRelease(0, 0) || release.major >= 5, "\(release)")
        let budget = MemlockBudget.current()
        stage.require(budget.pinnedBytes >= 0, "\(budget)")
        let kernel = try KernelCapabilities.probe()
        stage.require(BufferMode.allCases.contains(kernel.bestMode), "no mode")
    }

    static let questions = Life(name: "questions to the kernel") { stage throws(UringError) in
        _ = UringQueue.supportsReceiveBudget()
        var ends: [Int32] = [-1, -1]
        // Safe: pipe writes the two descriptors.
        stage.require(unsafe pipe(&ends) == 0, "pipe: \(errno)")
        defer { for end in ends { _ = close(end) } }
        let kind = try FileKind.of(descriptor: ends[0])
        stage.require(kind == .pollable, "a pipe is \(kind)")
        let file = unsafe open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        defer { _ = close(file) }
        _ = try FileKind.of(descriptor: file)
    }
}
