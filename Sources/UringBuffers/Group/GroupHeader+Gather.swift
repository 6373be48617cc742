// Buffers that share pages, after a burst: bringing those in use together, so that their neighbours' pages can go.

internal import RingArithmetic

/// A pool of 512-byte buffers that a burst went through comes back in an order of its own. The few that a low load uses
/// from then on lie scattered, and each keeps a page of 4096 bytes:
///
///      pages   │■·······│···■····│······■·│·······■│    ■ in use   · given back, if the page were free
///      wanted  │■■■■····│        │        │        │
///
/// Published and lent buffers stay where they are. But each comes back some time, and then another one can be published
/// in its place: one in a page that is in use anyway. Buffers of several pages that a burst filled, and a low load fills
/// in part, likewise give all pages back once, when they come by.
extension GroupHeader {
    /// Refills of each period that may gather.
    static let gatherStepsInPeriod = 512
    /// As many as one batch brings back, or some would never have their turn; and still not long.
    static let bytesPerRenewal = 2 << 20
    static let longestGatherPause = 32
    /// Bursts in size, not in number, trim nothing: their pages go as seldom as this.
    static let periodsPerRenewal = 16

    /// Looks whether gathering is worth while, when nothing is cold any more.
    mutating func beginToGather() {
        if trimmedLately > trimMap.usedPages * PageMemory.pageSize / 2
            || periodsSinceRenewal >= GroupHeader.periodsPerRenewal
        {
            (trimmedLately, periodsSinceRenewal) = (0, 0)
            (gatherPause, gatherBackoff) = (0, 1)
            renewals = Int(bufferSize) > PageMemory.pageSize ? capacity - spares.untouched : 0
        }
        gatherSteps = 0
        guard gatherPause == 0 || renewals > 0 else {
            gatherPause -= 1
            return
        }
        if isScattered || renewals > 0 { gatherSteps = GroupHeader.gatherStepsInPeriod }
    }

    private var isScattered: Bool {
        window.isAdaptive && slab.canGiveBack && trimMap.isScattered(buffers: capacity - spares.untouched)
    }

    /// Gives the spare buffers at hand back and puts better ones at the warm end, for the publish that follows.
    mutating func gather() {
        guard renewals > 0 || isScattered else {
            gatherSteps = 0
            gatherBackoff = 1
            return
        }
        let atHand = spares.top - spares.untouched
        guard window.isAdaptive, atHand > 0, ring.selectable < window.size else { return }
        gatherSteps -= 1
        let most = Swift.min(GroupHeader.buffersPerTrim, GroupHeader.bytesPerRenewal / Int(bufferSize))
        let count = Swift.min(atHand, Swift.max(1, most))
        renewals = Swift.max(0, renewals - count)
        _ = trim(below: spares.top, most: count)
        guard spares.untouched == spares.top, Int(bufferSize) % PageMemory.pageSize != 0 else { return }
        if gatherSteps == 0 {
            // Buffers that come and go in an order of their own may never lie together: try less and less often.
            gatherPause = gatherBackoff
            gatherBackoff = Swift.min(2 * gatherBackoff, GroupHeader.longestGatherPause)
        }
        putBestOnTop(Swift.min(window.size - ring.selectable, GroupHeader.buffersPerTrim, spares.count))
    }

    /// Sorts the spare buffers, none of which is touched: the `count` that suit best at the warm end, below them all others
    /// in ascending blocks, the lowest addresses warmest, as they were at first.
    private mutating func putBestOnTop(_ count: Int) {
        var best = InlineArray<48, UInt16>(repeating: 0)
        var found = 0
        trimMap.forEachFree { bid in
            // By insertion: they come in two ascending runs.
            var position = found
            while position > 0, best[position - 1] > bid {
                best[position] = best[position - 1]
                position -= 1
            }
            best[position] = bid
            found += 1
            return found < count
        }
        let others = spares.count - found
        var rank = 0
        var next = 0
        trimMap.forEachFreeByAddress { bid in
            if next < found, best[next] == bid {
                next += 1
                return
            }
            let block = rank / RefillWindow.smallest
            let start = Swift.max(0, others - (block + 1) * RefillWindow.smallest)
            // Safe: the free buffers of the map are those that are spare and untouched, which is all that are spare.
            unsafe spares.bids[start + rank % RefillWindow.smallest] = bid
            rank += 1
        }
        assert(rank == others && next == found)
        for index in 0..<found { unsafe spares.bids[others + index] = best[index] }
    }
}
