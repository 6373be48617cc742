// How the kernel uses up a published buffer: at once, or piece by piece.

internal import CUring
import Glibc

/// How much of a buffer one completion takes.
public enum Consumption: Hashable, Sendable {
    /// All of it, however few bytes arrived.
    case whole
    /// As much as arrived: the next completion goes on in the same buffer (`IOU_PBUF_RING_INC`, Linux 6.12). Each piece is
    /// a handle of its own. A buffer with fewer than `minimumLeft` bytes left is done (the `min_left` field, about
    /// Linux 7.1 and in some earlier ones; 0 needs no support).
    ///
    /// Made for streams of small messages: a buffer of 64 KiB then holds hundreds of them. Datagrams need a
    /// `minimumLeft` of the largest datagram, or the kernel cuts the one that meets the end of a buffer.
    case incremental(minimumLeft: Int = 0)

    /// Whether pieces of one buffer come in several completions.
    public var isIncremental: Bool { self != .whole }

    /// Bytes below which a buffer is done early.
    public var minimumLeft: Int {
        if case .incremental(let bytes) = self { bytes } else { 0 }
    }

    var registrationFlags: UInt16 { isIncremental ? CURING_PBUF_RING_INC : 0 }
}
