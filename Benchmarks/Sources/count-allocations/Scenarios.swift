// What must not allocate, a million buffers at a time.

import UringBuffers

extension Driver {
    mutating func single(_ count: Int) {
        for step in 0..<count {
            guard case .buffer(let buffer) = take(buffers: 1) else { fatalError("not a buffer") }
            read(buffer)
            buffer.recycle()
            if step % 32 == 31 { group.refill() }
        }
    }

    /// Bundles of 2 to 17 buffers, taken apart.
    mutating func bundlesTakenApart(_ count: Int) {
        var left = count
        while left > 0 {
            let size = Swift.min(left, 2 + left % 16)
            left -= size
            if size == 1 {
                single(1)
                continue
            }
            guard case .bundle(var bundle) = take(buffers: size) else { fatalError("not a bundle") }
            while let buffer = bundle.next() { read(buffer) }
            group.refill()
        }
    }

    /// Bundles that are cut like a sent stream, joined, and dropped with something left.
    mutating func bundlesKeptWhole(_ count: Int) {
        var left = count
        while left > 0 {
            guard case .bundle(var bundle) = take(buffers: 8), case .bundle(let more) = take(buffers: 8) else {
                fatalError("not a bundle")
            }
            left -= 16
            bundle.append(more)
            bundle.drop(bytes: 3 * Driver.bufferSize + 17)
            let rest = bundle.takeAll()
            rest.recycle()
            group.refill()
        }
    }

    /// Every handle through a token and back.
    mutating func tokens(_ count: Int) {
        for step in 0..<count {
            guard case .buffer(let buffer) = take(buffers: 1) else { fatalError("not a buffer") }
            let token = buffer.intoToken()
            let again = token.reclaim()
            read(again)
            again.recycle()
            if step % 32 == 31 { group.refill() }
        }
    }

    /// Every handle ends on another thread.
    mutating func remote(_ count: Int, through hand: HandOver) {
        for step in 0..<count {
            guard case .buffer(let buffer) = take(buffers: 1) else { fatalError("not a buffer") }
            hand.give(buffer)
            if step % 32 == 31 { group.refill() }
        }
        hand.waitUntilEmpty()
        group.refill()
    }
}
