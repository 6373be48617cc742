// A tiny kernel played by hand: it consumes the real ring memory in order, when and as much as a test wants.

import CUring
import Glibc
import KernelSupport
import UringBuffers

/// A part of a buffer, and the place that its bytes have in the stream.
struct Piece: Hashable {
    var bid: UInt16
    var offset: Int
    var length: Int
    var place: UInt64
}

/// A completion, and what it really means.
struct PlayedCompletion {
    var result: Int32
    var flags: CompletionFlags = []
    var pieces: [Piece] = []
    /// Buffers that the kernel is done with after it.
    var finished: [UInt16] = []
    /// The buffer of a completion without bytes.
    var emptyHanded: UInt16?
}

@safe
final class PlayedKernel: BufferRingConsumer {
    let bufferSize: Int
    private(set) var stream: ByteStream
    private(set) var head: UInt16 = 0
    private(set) var isRegistered = false
    private var base: UnsafeMutableRawPointer?
    private var entries = 0
    private var consumption = Consumption.whole
    /// Bytes of the entry at the head that are filled.
    private var filled = 0

    init(bufferSize: Int, seed: UInt64) {
        self.bufferSize = bufferSize
        stream = ByteStream(seed: seed)
    }

    func register(
        _ base: UnsafeMutableRawPointer, entries: Int, id: BufferGroupID, consumption: Consumption
    ) throws(UringError) {
        unsafe self.base = unsafe base
        self.entries = entries
        self.consumption = consumption
        isRegistered = true
    }

    func unregister(_ id: BufferGroupID) throws(UringError) { isRegistered = false }

    func head(of id: BufferGroupID) throws(UringError) -> UInt16 { head }

    // Safe, here and below: the group keeps its ring memory until it unregisters, and tests ask no later.
    var tail: UInt16 { unsafe curing_ring_tail(base!) }
    var selectable: Int { Int(tail &- head) }

    func entry(at index: UInt16) -> curing_ring_entry {
        unsafe curing_ring_read(base!, UInt32(index) & UInt32(entries - 1))
    }

    /// Receives up to `wanted` bytes, into one buffer or a bundle of up to `most`.
    func complete(bytes wanted: Int, most: Int, quietly: Bool) -> PlayedCompletion {
        passSkipped()
        guard selectable > 0 else { return PlayedCompletion(result: -ENOBUFS) }
        var made = PlayedCompletion(result: 0, flags: [.buffer])
        made.flags.formUnion(CompletionFlags(rawValue: UInt32(entry(at: head).bid) << 16))
        var left = wanted
        while left > 0, made.pieces.count < most, selectable > 0 {
            let entry = entry(at: head)
            let count = min(left, Int(entry.length))
            fill(entry.address, count)
            made.pieces.append(
                Piece(bid: entry.bid, offset: filled, length: count, place: stream.position - UInt64(count)))
            left -= count
            made.result += Int32(count)
            let rest = Int(entry.length) - count
            if consumption.isIncremental, rest > 0 {
                unsafe curing_ring_write(
                    base!, UInt32(head) & UInt32(entries - 1), entry.address + UInt64(count), UInt32(rest), entry.bid)
                filled += count
                // Below the minimum the kernel is done; it may say so now, or pass on without a word later.
                if rest >= consumption.minimumLeft || quietly { made.flags.insert(.bufferMore) } else { passHead() }
                if !made.flags.contains(.bufferMore) { made.finished.append(entry.bid) }
                break
            }
            passHead()
            made.finished.append(entry.bid)
        }
        return made
    }

    /// A completion that brings a buffer and no bytes: at the end of a stream, or with an error. Incremental buffers are
    /// kept, or used up by a worker thread.
    func completeNothing(result: Int32, keeps: Bool) -> PlayedCompletion {
        guard selectable > 0 else { return PlayedCompletion(result: result) }
        let bid = entry(at: head).bid
        var made = PlayedCompletion(result: result, flags: [.buffer], emptyHanded: bid)
        made.flags.formUnion(CompletionFlags(rawValue: UInt32(bid) << 16))
        if consumption.isIncremental, keeps {
            made.flags.insert(.bufferMore)
        } else {
            passHead()
            made.finished = [bid]
        }
        return made
    }

    /// The buffer at the head has less than the minimum left, and there is another.
    private func passSkipped() {
        guard selectable > 1, filled > 0, bufferSize - filled < consumption.minimumLeft else { return }
        passHead()
    }

    private func passHead() {
        head &+= 1
        filled = 0
    }

    private func fill(_ address: UInt64, _ count: Int) {
        let bytes = stream.next(count)
        // Safe: the entry's memory is its publisher's to give.
        unsafe bytes.withUnsafeBytes { source in
            unsafe curing_copy_as_kernel(
                UnsafeMutableRawPointer(bitPattern: UInt(address))!, source.baseAddress!, UInt64(count))
        }
    }
}
