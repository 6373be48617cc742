// What an application holds on to: a buffer, a bundle, or slices, with the place in the stream that their bytes have.

import Glibc
import KernelSupport
import UringBuffers

/// Held bytes, checked again when they are let go: nobody else may have written there meanwhile.
final class Kept: @unchecked Sendable {
    // @unchecked: one thread has it at a time; the returner's lock orders them.
    private var buffer: ProvidedBuffer?
    private var bundle: BufferBundle?
    private var slices: [SharedBuffer] = []
    private var place: ByteStream

    init(_ buffer: consuming ProvidedBuffer, at place: ByteStream) {
        self.buffer = consume buffer
        self.place = place
    }

    init(_ bundle: consuming BufferBundle, at place: ByteStream) {
        self.bundle = consume bundle
        self.place = place
    }

    /// Cuts a shared buffer in slices.
    init(_ shared: SharedBuffer, at place: ByteStream) {
        let cut = shared.count / 3
        slices = [shared[0..<cut], shared[cut..<shared.count]]
        self.place = place
    }

    /// Whether the bytes are still those that were received.
    func isIntact() -> Bool {
        var check = place
        if let buffer = buffer.take() {
            let isGood = check.matches(buffer)
            self.buffer = consume buffer
            return isGood
        }
        if let bundle = bundle.take() {
            let isGood = bundle.matches(&check)
            self.bundle = consume bundle
            return isGood
        }
        return slices.allSatisfy { slice in unsafe slice.withUnsafeBytes { unsafe check.matches($0) } }
    }

    /// Lets go of the first bytes of a bundle, as a short send would.
    func dropSome(_ share: Int) {
        guard var bundle = bundle.take() else { return }
        let bytes = bundle.byteCount / share
        bundle.drop(bytes: bytes)
        place.skip(bytes)
        self.bundle = consume bundle
    }

    func end() {
        buffer = nil
        bundle = nil
        slices = []
    }
}

extension BufferBundle {
    /// Whether it holds the next bytes; it is not used up.
    borrowing func matches(_ check: inout ByteStream) -> Bool {
        var vectors = unsafe [iovec](repeating: iovec(), count: count)
        let (buffers, bytes) = unsafe vectors.withUnsafeMutableBufferPointer { unsafe gather(into: $0) }
        guard buffers == count, bytes == byteCount else { return false }
        // Safe: the bundle lives through this call, and so do the addresses.
        return unsafe vectors.allSatisfy { vector in
            unsafe check.matches(UnsafeRawBufferPointer(start: vector.iov_base, count: vector.iov_len))
        }
    }
}
