// Which memory a receive gets: one buffer, or as many as a bundle may take.

internal import Glibc
internal import UringBuffers

/// The memory of one attempt, or why there is none. Nothing is used up by selecting.
enum Selection {
    case segments([Segment])
    case failed(Int32)
}

extension SimulatedKernel {
    /// The most buffers that one pass takes when the amount is known (`PEEK_MAX_IMPORT`), and ever (`UIO_MAXIOV`).
    private static let widestKnown = 256
    private static let widest = 1024

    func select(for request: SimulatedReceive) -> Selection {
        request.isBundle ? selectBundle(for: request) : selectOne(for: request)
    }

    func selectOne(for request: SimulatedReceive) -> Selection {
        guard let ring = rings[request.group.rawValue], ring.available > 0 else { return .failed(ENOBUFS) }
        if schedule.happens(.starvation, oneIn: 32) { return .failed(ENOBUFS) }
        let entry = ring.entry(0)
        let length = request.length == 0 ? entry.length : min(request.length, entry.length)
        request.length = length
        guard entry.address != 0 else { return .failed(ENOBUFS) }
        return .segments([Segment(address: entry.address, length: length)])
    }

    private func selectBundle(for request: SimulatedReceive) -> Selection {
        guard let ring = rings[request.group.rawValue] else { return .failed(ENOENT) }
        var available = min(ring.available, SimulatedKernel.widest)
        guard available > 0 else { return .failed(ENOBUFS) }
        if !request.isSecondPass, schedule.happens(.starvation, oneIn: 32) { return .failed(ENOBUFS) }
        var most = request.length
        if most == 0 && request.leftBehind > 1 { most = request.leftBehind }
        if let budget = request.budget { most = most == 0 ? budget : min(most, budget) }
        var width = max(request.vectorLength, 1)
        if most > 0 {
            let first = ring.entry(0).length
            guard first > 0 else { return .failed(ENOBUFS) }
            available = min(available, (most + first - 1) / first, SimulatedKernel.widestKnown)
            if available > width { width = available }
        } else {
            most = Int(Int32.max)
        }
        width = min(width, available)
        width -= schedule.choose(.narrowBundles, below: width)
        let (segments, reachedTail) = segments(of: ring, width: width, most: most, request)
        // A vector was made, or one was there already.
        if width > max(request.vectorLength, 1) { request.vectorLength = segments.count }
        if reachedTail { request.sawLastBuffer = true }
        if segments.count == 1 { request.length = segments[0].length }
        return .segments(segments)
    }

    private func segments(
        of ring: SimulatedRing, width: Int, most: Int, _ request: SimulatedReceive
    ) -> (segments: [Segment], reachedTail: Bool) {
        var segments: [Segment] = []
        var left = most
        for step in 0..<width {
            let entry = ring.entry(step)
            var length = entry.length
            if length > left {
                length = left
                if !ring.consumption.isIncremental {
                    request.cutShort = true
                    // Whole buffers only, unless there is no other.
                    if step > 0 { return (segments, false) }
                }
            }
            segments.append(Segment(address: entry.address, length: length))
            left -= length
            if left == 0 { return (segments, false) }
        }
        return (segments, width == ring.available)
    }

    /// A worker thread takes its buffer before it knows whether there is anything to receive, and gives it to the
    /// application together with the error, the end or the cancellation.
    func takeBufferWithoutBytes(_ request: SimulatedReceive) -> UInt16? {
        guard schedule.mischief.contains(.buffersWithoutBytes), !request.isBundle,
            var ring = rings[request.group.rawValue], !ring.consumption.isIncremental, ring.available > 0,
            schedule.happens(.buffersWithoutBytes, oneIn: 4)
        else { return nil }
        let bid = ring.entry(0).bid
        ring.discardEntry()
        rings[request.group.rawValue] = ring
        return bid
    }
}
