// The measured loops of the library, each the twin of one in floor.c.

import CMicroFloor
import UringBuffers

extension PlayedRing {
    /// One message at a time: take, read, drop; one publish for each batch.
    @inline(never)
    mutating func inOrder(_ count: Int) -> micro_sums {
        var sums = micro_sums()
        var at = head
        for _ in 0..<(count / Int(MICRO_BATCH)) {
            for _ in 0..<Int(MICRO_BATCH) {
                let bid = bid(at: &at)
                sums.bids &+= UInt64(bid)
                switch group.take(result: Int32(MICRO_MESSAGE), flags: completion(bid)) {
                case .buffer(let buffer): sums.read &+= buffer.withUnsafeBytes { micro_read($0.baseAddress) }
                default: fatalError("bid \(bid) did not become a buffer")
                }
            }
            group.refill()
        }
        advance(to: at, count)
        return sums
    }

    /// The same through `bytes` and `var`, with the span's own loads: the form that design and documents show.
    @inline(never)
    mutating func inOrderSpan(_ count: Int) -> micro_sums {
        var sums = micro_sums()
        var at = head
        for _ in 0..<(count / Int(MICRO_BATCH)) {
            for _ in 0..<Int(MICRO_BATCH) {
                let bid = bid(at: &at)
                sums.bids &+= UInt64(bid)
                switch group.take(result: Int32(MICRO_MESSAGE), flags: completion(bid)) {
                case .buffer(var buffer):
                    Self.touch(&buffer)
                    let bytes = buffer.bytes
                    for line in 0..<Int(MICRO_MESSAGE / 64) {
                        sums.read &+= bytes.unsafeLoad(fromByteOffset: line * 64, as: UInt64.self)
                    }
                default: fatalError("bid \(bid) did not become a buffer")
                }
            }
            group.refill()
        }
        advance(to: at, count)
        return sums
    }

    /// The trap of today's compiler: `let` and `bytes` in one function make a heap box for each buffer.
    @inline(never)
    mutating func inOrderLet(_ count: Int) -> micro_sums {
        var sums = micro_sums()
        var at = head
        for _ in 0..<(count / Int(MICRO_BATCH)) {
            for _ in 0..<Int(MICRO_BATCH) {
                let bid = bid(at: &at)
                sums.bids &+= UInt64(bid)
                switch group.take(result: Int32(MICRO_MESSAGE), flags: completion(bid)) {
                case .buffer(let buffer):
                    let bytes = buffer.bytes
                    for line in 0..<Int(MICRO_MESSAGE / 64) {
                        sums.read &+= bytes.unsafeLoad(fromByteOffset: line * 64, as: UInt64.self)
                    }
                default: fatalError("bid \(bid) did not become a buffer")
                }
            }
            group.refill()
        }
        advance(to: at, count)
        return sums
    }

    /// Take and drop alone.
    @inline(never)
    mutating func unread(_ count: Int) -> micro_sums {
        var sums = micro_sums()
        var at = head
        for _ in 0..<(count / Int(MICRO_BATCH)) {
            for _ in 0..<Int(MICRO_BATCH) {
                let bid = bid(at: &at)
                sums.bids &+= UInt64(bid)
                _ = group.take(result: Int32(MICRO_MESSAGE), flags: completion(bid))
            }
            group.refill()
        }
        advance(to: at, count)
        return sums
    }

    /// Handles wait in a small set and end in random order.
    @inline(never)
    mutating func shuffled(
        _ count: Int, held: UnsafeMutablePointer<ProvidedBuffer>, order: UnsafePointer<UInt8>
    ) -> micro_sums {
        var sums = micro_sums()
        var at = head
        var step = 0
        for _ in 0..<(count / Int(MICRO_BATCH)) {
            for _ in 0..<Int(MICRO_BATCH) {
                let place = held + Int(order[step & Int(MICRO_ORDER - 1)])
                step &+= 1
                let bid = bid(at: &at)
                switch group.take(result: Int32(MICRO_MESSAGE), flags: completion(bid)) {
                case .buffer(let buffer):
                    let leaving = place.move()
                    place.initialize(to: buffer)
                    sums.bids &+= UInt64(leaving.id.rawValue)
                    sums.read &+= leaving.withUnsafeBytes { micro_read($0.baseAddress) }
                default: fatalError("bid \(bid) did not become a buffer")
                }
            }
            group.refill()
        }
        advance(to: at, count)
        return sums
    }

    /// Takes the buffers that wait at first.
    mutating func hold(_ held: UnsafeMutablePointer<ProvidedBuffer>) {
        for place in 0..<Int(MICRO_HELD) {
            if micro_tail(entries) == head { group.refill() }
            let bid = next()
            guard case .buffer(let buffer) = group.take(result: Int32(MICRO_MESSAGE), flags: completion(bid)) else {
                fatalError("bid \(bid) did not become a buffer")
            }
            (held + place).initialize(to: buffer)
        }
        group.refill()
    }

    /// Nothing; it keeps the compiler from asking for `let`.
    @inline(__always)
    static func touch(_ buffer: inout ProvidedBuffer) {}
}
