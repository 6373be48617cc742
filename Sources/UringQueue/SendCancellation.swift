// Ending sends that the caller does not want any more.

internal import CUring

extension QueueState {
    /// Marks the sends that match as cancelled, and returns whether there were any. O(sends under way).
    mutating func cancelSends(where matches: (_ socket: Int32, _ tag: UInt64) -> Bool) -> Bool {
        var found = false
        if outgoing.count > 0 {
            for slot in outgoing.usedSlots where matches(outgoing[slot].socket, outgoing[slot].tag) {
                found = true
                if !outgoing[slot].isCancelled { cancelledSends += 1 }
                outgoing[slot].isCancelled = true
            }
        }
        if leases.count > 0 {
            for slot in leases.usedSlots where matches(leases[slot].socket, leases[slot].tag) && !leases[slot].isOver {
                found = true
                if !leases[slot].isCancelled { cancelledSends += 1 }
                leases[slot].isCancelled = true
            }
        }
        return found
    }

    /// Asks the kernel to end the cancelled sends. A cancellation misses a request that runs at that moment (`ENOENT`,
    /// `EALREADY`), so it is asked for before every wait until the send has ended.
    mutating func pushSendCancellations() {
        guard cancelledSends > 0 else { return }
        for slot in outgoing.usedSlots where outgoing[slot].isCancelled {
            push(.cancel(tag: InternalTag.outgoing(slot).rawValue, tag: InternalTag.silent.rawValue))
        }
        for slot in leases.usedSlots where leases[slot].isCancelled && !leases[slot].isOver {
            push(.cancel(tag: InternalTag.leased(slot).rawValue, tag: InternalTag.silent.rawValue))
        }
    }
}
