// Requests that select buffers, exactly as described, past every check: to see what the kernel does with them.

import CBareRing
import Glibc
import KernelSupport
import UringBuffers
import UringQueue

/// A bare ring that knows which of its requests have not ended.
@safe
final class RawRequests {
    let ring: BareRing
    private var open: Set<UInt64> = []
    private var memory = unsafe [UnsafeMutableRawPointer]()

    static let cancelling: UInt64 = 1 << 63

    init() throws { ring = try BareRing() }

    deinit {
        _ = try? finish()
        // Safe: ours, and no request is left that reads them.
        unsafe memory.forEach { unsafe $0.deallocate() }
    }

    /// Queues what a description says, on group 1. `messageFlags` come on top of those that it names.
    func push(
        _ selection: BufferSelection, on descriptor: Int32, tag: UInt64 = 1, group: UInt16 = 1, messageFlags: Int = 0
    ) {
        var request = bare_request()
        request.opcode = UInt8(selection.operation.opcode)
        request.fd = descriptor
        request.group = group
        request.tag = tag
        request.flags = UInt8(BARE_SQE_BUFFER_SELECT)
        request.length = UInt32(truncatingIfNeeded: selection.length)
        request.optlen = UInt32(truncatingIfNeeded: selection.totalLength)
        // Files: go on where the last read ended.
        if selection.operation.isFileOperation { request.offset = .max }
        let flags = selection.flags
        if flags.contains(.async) { request.flags |= UInt8(BARE_SQE_ASYNC) }
        if flags.contains(.skipSuccess) { request.flags |= UInt8(BARE_SQE_CQE_SKIP_SUCCESS) }
        if flags.contains(.pollFirst) { request.ioprio |= UInt16(BARE_POLL_FIRST) }
        if flags.contains(.bundle) { request.ioprio |= UInt16(BARE_RECV_BUNDLE) }
        if !selection.operation.isFileOperation {
            let words =
                [(.waitAll, MSG_WAITALL), (.truncate, MSG_TRUNC), (.peek, MSG_PEEK)]
                as [(BufferSelection.Flags, Int)]
            for (flag, word) in words where flags.contains(flag) { request.op_flags |= UInt32(word) }
            request.op_flags |= UInt32(messageFlags)
        }
        switch selection.operation {
        case .receiveMultishot: request.ioprio |= UInt16(BARE_RECV_MULTISHOT)
        case .receiveMessage(let vectors):
            request.address = message(vectors: vectors, length: selection.length, name: 0)
            request.length = 1
        case .receiveMessageMultishot(let headerBytes):
            request.ioprio |= UInt16(BARE_RECV_MULTISHOT)
            request.address = message(vectors: 0, length: 0, name: headerBytes - 16)
            request.length = 1
        case .sendMessage, .sendMessageZeroCopy:
            request.address = message(vectors: 1, length: selection.length, name: 0)
            request.length = 1
        case .readVectors(let count):
            request.address = UInt64(UInt(bitPattern: unsafe vectors(count, length: selection.length)))
            request.length = UInt32(count)
        default: break
        }
        ring.push(request)
        open.insert(tag)
    }

    /// Submits and takes what is there.
    func completions(atLeast minimum: Int = 0) throws -> [Completion] {
        let found = try ring.completions(atLeast: minimum)
        for completion in found {
            if completion.isFinal { open.remove(completion.tag) }
            // Nothing to cancel: it ended without a word.
            let isCancelling = completion.tag & Self.cancelling != 0
            guard isCancelling else { continue }
            let target = completion.tag & ~Self.cancelling
            if completion.result == -ENOENT { open.remove(target) }
            // A worker ran it at that moment, and may arm it once more.
            if completion.result == -EALREADY, open.contains(target) { cancel(target) }
        }
        return found.filter { $0.tag & Self.cancelling == 0 }
    }

    /// Submits, cancels what has not ended, and takes everything.
    func finish() throws -> [Completion] {
        var found = try completions()
        for tag in open { cancel(tag) }
        while !open.isEmpty { found += try completions(atLeast: 1) }
        return found
    }

    private func cancel(_ tag: UInt64) {
        var cancel = bare_request()
        cancel.opcode = UInt8(BARE_OP_ASYNC_CANCEL)
        cancel.fd = -1
        cancel.address = tag
        cancel.tag = tag | Self.cancelling
        ring.push(cancel)
    }

    private func room(_ bytes: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 16)
        unsafe block.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        unsafe memory.append(block)
        return unsafe block
    }

    private func vectors(_ count: Int, length: Int) -> UnsafeMutablePointer<iovec>? {
        guard count > 0 else { return nil }
        let made = unsafe room(count * MemoryLayout<iovec>.stride).bindMemory(to: iovec.self, capacity: count)
        for index in 0..<count { unsafe made[index].iov_len = length }
        return unsafe made
    }

    private func message(vectors count: Int, length: Int, name: Int) -> UInt64 {
        let header = unsafe room(MemoryLayout<msghdr>.size).bindMemory(to: msghdr.self, capacity: 1)
        unsafe header.pointee.msg_iov = unsafe vectors(count, length: length)
        unsafe header.pointee.msg_iovlen = count
        unsafe header.pointee.msg_namelen = socklen_t(name)
        return UInt64(UInt(bitPattern: header))
    }
}

extension BufferSelection.Operation {
    var opcode: Int {
        switch self {
        case .receive, .receiveMultishot: BARE_OP_RECV
        case .receiveMessage, .receiveMessageMultishot: BARE_OP_RECVMSG
        case .read: BARE_OP_READ
        case .readVectors: BARE_OP_READV
        case .readMultishot: BARE_OP_READ_MULTISHOT
        case .send: BARE_OP_SEND
        case .sendMessage: BARE_OP_SENDMSG
        case .sendZeroCopy: BARE_OP_SEND_ZC
        case .sendMessageZeroCopy: BARE_OP_SENDMSG_ZC
        case .write: BARE_OP_WRITE
        case .writeVectors: BARE_OP_WRITEV
        case .readFixed: BARE_OP_READ_FIXED
        case .writeFixed: BARE_OP_WRITE_FIXED
        }
    }

    var isFileOperation: Bool {
        switch self {
        case .read, .readVectors, .readMultishot, .write, .writeVectors, .readFixed, .writeFixed: true
        default: false
        }
    }
}
