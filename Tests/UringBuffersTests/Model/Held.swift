// A handle of any kind, beside what the model says that it holds.

import Glibc
import KernelSupport
import UringBuffers

/// One handle. Only one of the optionals is there, and it says which kind it is.
final class Held: @unchecked Sendable {
    // @unchecked: other threads have it only while the walk waits for them.
    var buffer: ProvidedBuffer?
    var bundle: BufferBundle?
    var shared: SharedBuffer?
    var token: BufferToken?
    var lease: SendLease?
    /// In order; of a slice, what it shows.
    var pieces: [Piece]
    /// The number of the tag that the pieces are charged to.
    var tag: Int
    /// Slices: the buffer that they all hold together.
    var root: Root?
    /// Leases: what the kernel still owes.
    var isInFlight = false
    var notificationsDue = 0
    var sent = 0

    final class Root {
        let piece: Piece
        var slices = 1
        init(_ piece: Piece) { self.piece = piece }
    }

    init(_ buffer: consuming ProvidedBuffer, _ piece: Piece, tag: Int) {
        self.buffer = consume buffer
        pieces = [piece]
        self.tag = tag
    }

    init(_ bundle: consuming BufferBundle, _ pieces: [Piece], tag: Int) {
        self.bundle = consume bundle
        self.pieces = pieces
        self.tag = tag
    }

    init(_ shared: SharedBuffer, _ piece: Piece, _ root: Root, tag: Int) {
        self.shared = shared
        pieces = [piece]
        self.root = root
        self.tag = tag
    }

    var byteCount: Int { pieces.reduce(0) { $0 + $1.length } }
    var isReleased: Bool { !isInFlight && notificationsDue <= 0 }

    /// What the handle drops here and now.
    func end() {
        buffer = nil
        bundle = nil
        shared = nil
        lease = nil
    }

    /// What is wrong with where its bytes lie and what they are. The slab is known from the entries.
    func difference(slab: Int, bufferSize: Int, seed: UInt64) -> [String] {
        var found: [String] = []
        let seen = unsafe regions()
        let expected = unsent
        guard unsafe seen.count == expected.count else {
            return [unsafe "\(seen.count) regions where the model has \(expected)"]
        }
        for (number, piece) in expected.enumerated() {
            let region = unsafe seen[number]
            let start = slab + Int(piece.bid) * bufferSize + piece.offset
            if Int(bitPattern: region.baseAddress) != start || region.count != piece.length {
                found.append(unsafe "\(region) is not where \(piece) lies, at \(start)")
            }
            var check = ByteStream(seed: seed, at: piece.place)
            if unsafe !check.matches(region) { found.append("wrong bytes in \(piece)") }
        }
        return found
    }

    /// The pieces without what a lease's sends took.
    private var unsent: [Piece] {
        var left = sent
        return pieces.compactMap { piece in
            let taken = min(left, piece.length)
            left -= taken
            return taken == piece.length
                ? nil
                : Piece(
                    bid: piece.bid, offset: piece.offset + taken, length: piece.length - taken,
                    place: piece.place + UInt64(taken))
        }
    }

    /// Where its bytes lie. Valid while the handle lives.
    @unsafe
    private func regions() -> [UnsafeRawBufferPointer] {
        var vectors = unsafe [iovec](repeating: iovec(), count: pieces.count)
        if let buffer = buffer.take() {
            let region = unsafe buffer.withUnsafeBytes { unsafe $0 }
            self.buffer = consume buffer
            return unsafe [region]
        }
        if let shared { return unsafe [shared.withUnsafeBytes { unsafe $0 }].filter { $0.count > 0 } }
        if let token { return unsafe [UnsafeRawBufferPointer(start: token.baseAddress, count: token.count)] }
        var count = 0
        if let bundle = bundle.take() {
            count = unsafe vectors.withUnsafeMutableBufferPointer { unsafe bundle.gather(into: $0).buffers }
            self.bundle = consume bundle
        }
        if let lease = lease.take() {
            count = unsafe vectors.withUnsafeMutableBufferPointer { unsafe lease.gather(into: $0).buffers }
            self.lease = consume lease
        }
        return unsafe vectors.prefix(count).map {
            unsafe UnsafeRawBufferPointer(start: $0.iov_base, count: $0.iov_len)
        }
    }
}
