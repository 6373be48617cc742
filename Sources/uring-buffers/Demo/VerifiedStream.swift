// Pseudo-random bytes that can be made and checked at any position.

/// An endless stream of bytes determined by its seed: both ends of a connection can make any part of it.
struct VerifiedStream {
    let seed: UInt64

    /// Fills `bytes` with the stream from `position` on.
    func fill(_ bytes: UnsafeMutableRawBufferPointer, from position: Int) {
        var index = 0
        while index < bytes.count {
            let offset = position + index
            let value = word(offset >> 3)
            if offset & 7 == 0, index + 8 <= bytes.count {
                // Safe: eight bytes are left.
                unsafe bytes.storeBytes(of: value.littleEndian, toByteOffset: index, as: UInt64.self)
                index += 8
            } else {
                unsafe bytes[index] = UInt8(truncatingIfNeeded: value >> UInt64((offset & 7) * 8))
                index += 1
            }
        }
    }

    /// Whether `bytes` are the stream from `position` on.
    func matches(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
        var index = 0
        while index < bytes.count {
            let offset = position + index
            let value = word(offset >> 3)
            if offset & 7 == 0, index + 8 <= bytes.count {
                // Safe: eight bytes are left.
                if unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) != value.littleEndian {
                    return false
                }
                index += 8
            } else {
                if unsafe bytes[index] != UInt8(truncatingIfNeeded: value >> UInt64((offset & 7) * 8)) { return false }
                index += 1
            }
        }
        return true
    }

    /// The finaliser of SplitMix64 over a counter.
    private func word(_ index: Int) -> UInt64 {
        var z = seed &+ UInt64(truncatingIfNeeded: index) &* 0x9e37_79b9_7f4a_7c15
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
