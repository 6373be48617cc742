// The end of the demo, for someone who sees it for the first time.

import Synchronization
import UringBuffers

struct DemoReport {
    let proxy: Summary
    let upstream: Summary
    let verifiedBytes: Int
    let completed: Int
    let vanished: Int

    init(proxy: Summary, upstream: Summary, tally: DemoTally) {
        self.proxy = proxy
        self.upstream = upstream
        verifiedBytes = tally.verifiedBytes.load(ordering: .acquiring)
        completed = tally.completed.load(ordering: .acquiring)
        vanished = tally.vanished.load(ordering: .acquiring)
    }

    var isGood: Bool { proxy.balanced && upstream.balanced }

    var text: String {
        let books = proxy.books
        let pool = books.capacity * books.bufferSize
        return """

            Verified      \(Amount.bytes(verifiedBytes)) came back as they were sent; each byte passed the proxy twice, and \
            was copied in user space 0 times.
            Connections   \(completed) ended in order, \(vanished) vanished in the middle of a message.
            Buffers       \(proxy.lost + upstream.lost) lost. The kernel filled \(books.selected) of them; \
            \(books.recycled + books.returned) came back.
            Memory        \(Amount.bytes(proxy.poolResidentBytes)) of the proxy's \(Amount.bytes(pool)) pool are resident; \
            the whole process, clients included, peaked at \(Amount.bytes(proxy.peakResidentBytes)).
            Starvation    \(books.starvations) receives found no buffer, \(books.avoidableStarvations) of them while some \
            were free.

            The proxy's books: \(SummaryText.states(books.states)) of \(books.capacity).
            \(isGood ? "They balance, and so do the echo server's." : troubles)
            """
    }

    private var troubles: String {
        let found = [proxy, upstream].flatMap { server in
            server.books.violations + (server.missing.isEmpty ? [] : [server.missing.description])
        }
        return (found + ["THEY DO NOT BALANCE: please report this."]).joined(separator: "\n")
    }
}
