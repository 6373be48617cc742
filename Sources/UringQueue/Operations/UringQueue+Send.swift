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
        precondition(!bundle.isEmpty, "an empty bundle cannot be sent")
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
