// Sends that own what they send.

internal import CUring
public import UringBuffers

extension UringQueue {
    /// Sends every byte of `bundle`, gathered, and gives its buffers back as they go out.
    ///
    /// The queue owns the buffers until the one completion that ends the send: its result is the number of bytes sent,
    /// or a negative errno. Sends on one socket must not overlap: queue the next after that completion.
    public func send(_ bundle: consuming BufferBundle, to socket: Int32, tag: UInt64) {
        InternalTag.check(tag)
        demand(!bundle.isEmpty, "an empty bundle cannot be sent")
        unsafe state.pointee.startOutgoing(OutgoingSend(bundle: bundle, socket: socket, tag: tag))
    }

    /// Sends one buffer: as ``send(_:to:tag:)-bundle``.
    public func send(_ buffer: consuming ProvidedBuffer, to socket: Int32, tag: UInt64) {
        send(BufferBundle(buffer), to: socket, tag: tag)
    }

    /// Sends bytes that the caller keeps alive and unchanged until the completion, whose result may be short.
    @unsafe
    public func send(_ bytes: UnsafeRawBufferPointer, to socket: Int32, tag: UInt64) {
        InternalTag.check(tag)
        guard let start = bytes.baseAddress else { return nop(tag: tag) }
        unsafe state.pointee.push(.send(to: socket, start, length: bytes.count, tag: tag))
    }
}

// MARK: - Shared and zero-copy

extension UringQueue {
    /// Whether the kernel can send without copying (`IORING_OP_SEND_ZC` and `SENDMSG_ZC`, Linux 6.0 and 6.1).
    public var supportsZeroCopySend: Bool {
        curing_knows_opcode(descriptor, CURING_OP_SENDMSG_ZC) == 1
    }

    /// Sends every byte of a shared slice, which stays readable. Its completion is that of ``send(_:to:tag:)-bundle``.
    public func send(_ slice: SharedBuffer, to socket: Int32, tag: UInt64) {
        start(SendLease(slice), to: socket, isZeroCopy: false, fixedBuffer: nil, tag: tag)
    }

    /// Sends every byte of `bundle`, gathered, and lets the network read the buffers where they are
    /// (`IORING_OP_SENDMSG_ZC`).
    ///
    /// Two completions come: the *result*, as of ``send(_:to:tag:)-bundle``, with ``CompletionFlags/more`` when the
    /// kernel still reads; and then the *notification* (``CompletionFlags/notification``), at which the buffers go back.
    /// ``Completion/wasCopied`` tells when the kernel copied after all. The queue owns the buffers until then. Sends on
    /// one socket must not overlap: queue the next after the result.
    ///
    /// Worth it from about 10 KB for each send, on real network devices; on loopback the kernel copies.
    public func sendZeroCopy(_ bundle: consuming BufferBundle, to socket: Int32, tag: UInt64) {
        demand(!bundle.isEmpty, "an empty bundle cannot be sent")
        start(SendLease(bundle), to: socket, isZeroCopy: true, fixedBuffer: nil, tag: tag)
    }

    /// Sends one buffer without copying: as ``sendZeroCopy(_:to:tag:)``.
    ///
    /// - Parameter fixedBuffer: the slot of this queue's ``FixedBufferTable`` that the buffer's group is registered in,
    ///   which saves the pinning of its pages. When the buffer is not in it, or the slot is no longer current, the send is
    ///   refused: one completion with `-EFAULT` and ``Completion/fixedRefusal``, and the buffer is back.
    public func sendZeroCopy(
        _ buffer: consuming ProvidedBuffer, to socket: Int32, fixedBuffer: FixedSlot? = nil, tag: UInt64
    ) {
        start(SendLease(buffer), to: socket, isZeroCopy: true, fixedBuffer: fixedBuffer, tag: tag)
    }

    /// Sends a shared slice without copying: as ``sendZeroCopy(_:to:fixedBuffer:tag:)-buffer``.
    public func sendZeroCopy(_ slice: SharedBuffer, to socket: Int32, fixedBuffer: FixedSlot? = nil, tag: UInt64) {
        start(SendLease(slice), to: socket, isZeroCopy: true, fixedBuffer: fixedBuffer, tag: tag)
    }

    private func start(
        _ lease: consuming SendLease, to socket: Int32, isZeroCopy: Bool, fixedBuffer: FixedSlot?, tag: UInt64
    ) {
        InternalTag.check(tag)
        guard lease.byteCount > 0 else { return nop(tag: tag) }
        unsafe state.pointee.startLeased(
            LeasedSend(lease: lease, socket: socket, tag: tag, isZeroCopy: isZeroCopy, fixedBuffer: fixedBuffer))
    }
}
