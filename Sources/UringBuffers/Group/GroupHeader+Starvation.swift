// A receive found no buffer: whether that could have been avoided.

extension GroupHeader {
    /// Whether there is a spare buffer that the budget of a pool allows to publish, as far as is known.
    private var hasReachableSpares: Bool { spares.count > 0 && (denied == 0 || spares.top > spares.untouched) }

    /// The kernel found nothing to select. Completions come late: what counts is whether buffers were kept back when
    /// the ring ran dry, which is what the last publish left over, or what lies here while the ring is still dry.
    mutating func noteStarvation() {
        counters.starvations.add(1)
        if !returns.isEmpty { drainReturns() }
        if sparesLeft > 0 || (ring.selectable == 0 && hasReachableSpares) {
            counters.avoidableStarvations.add(1)
            window.starved(at: ring.head)
        }
        _ = publish(upTo: window.size)
        // The first of a dry spell; a publish ends it.
        if ring.selectable == 0, counters.starvedSince.value == 0 { counters.starvedSince.value = MonotonicClock.now }
    }
}
