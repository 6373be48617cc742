// The real kernel under a script: bare system calls on an io_uring, raw ring memory.

import CBareRing
import CUring
import KernelSupport
import UringBuffers
import UringBuffersTesting
import UringQueue

final class RealSide {
    private let io: BareRing
    private let mode: Mode
    let memory: PlayedRing
    private(set) var streams: [RealStream]

    /// The queue of completions has twice as many entries as that of submissions. By default it never overflows, for
    /// when it does depends on how much work the kernel does in one enter.
    init(mode: Mode, kinds: [SimulatedStream.Kind], memory: PlayedRing, completionEntries: Int = 8192) throws {
        // Work that data triggers waits for our next enter, in the order of arrival, as in the simulation.
        io = try BareRing(
            entries: completionEntries / 2, flags: UInt32(BARE_SETUP_SINGLE_ISSUER | BARE_SETUP_DEFER_TASKRUN))
        self.memory = memory
        self.mode = mode
        streams = kinds.map { RealStream($0) }
        try register()
    }

    /// Whether this kernel can do what a mode needs.
    static func canRegister(_ mode: Mode) -> Bool {
        guard let memory = try? PlayedRing(entries: 1, bufferSize: 64) else { return false }
        return (try? RealSide(mode: mode, kinds: [], memory: memory)) != nil
    }

    func register() throws {
        let error = curing_register_buf_ring(
            io.descriptor, UInt64(UInt(bitPattern: unsafe memory.base)), UInt32(memory.entries), 0,
            mode.consumption.isIncremental ? CURING_PBUF_RING_INC : 0, UInt32(mode.consumption.minimumLeft))
        guard error == 0 else { throw RegistrationRefused(mode: mode, errno: -error) }
    }

    func unregister() throws {
        let error = curing_unregister_buf_ring(io.descriptor, 0)
        guard error == 0 else { throw RegistrationRefused(mode: mode, errno: -error) }
    }

    func renew(_ stream: Int) { streams[stream] = RealStream(streams[stream].kind) }

    func arm(_ stream: Int, _ options: SimulatedReceiveOptions, limit: Int, budget: Int, tag: UInt64) {
        var request = bare_request()
        let isPipe = streams[stream].kind == .pipe
        let multishot = options.contains(.multishot)
        request.opcode = UInt8(
            isPipe ? (multishot ? BARE_OP_READ_MULTISHOT : BARE_OP_READ) : BARE_OP_RECV)
        request.flags = UInt8(BARE_SQE_BUFFER_SELECT)
        if !isPipe {
            if multishot { request.ioprio |= UInt16(BARE_RECV_MULTISHOT) }
            if options.contains(.bundle) { request.ioprio |= UInt16(BARE_RECV_BUNDLE) }
            if options.contains(.pollFirst) { request.ioprio |= UInt16(BARE_POLL_FIRST) }
        } else {
            request.offset = UInt64.max
        }
        request.fd = streams[stream].reader
        request.length = UInt32(limit)
        request.optlen = UInt32(budget)
        request.tag = tag
        io.push(request)
    }

    func cancel(_ target: UInt64, tag: UInt64) {
        var request = bare_request()
        request.opcode = UInt8(BARE_OP_ASYNC_CANCEL)
        request.fd = -1
        request.address = target
        request.tag = tag
        io.push(request)
    }

    /// Everything that happens until nothing more does.
    func completions() throws -> [SimulatedCompletion] {
        var found: [SimulatedCompletion] = []
        var quiet = 0
        while quiet < 2 {
            let batch = try io.completions(atLeast: 0)
            quiet = batch.isEmpty ? quiet + 1 : 0
            found += batch.map { SimulatedCompletion(tag: $0.tag, result: $0.result, flags: $0.flags) }
        }
        return found
    }

    var head: UInt16 {
        var head: UInt16 = 0
        // Safe: writes the one integer.
        let error = unsafe curing_buf_ring_head(io.descriptor, 0, &head)
        precondition(error == 0, "IORING_REGISTER_PBUF_STATUS: errno \(-error)")
        return head
    }
}

/// The kernel has not what the mode needs.
struct RegistrationRefused: Error {
    let mode: Mode
    let errno: Int32
}
