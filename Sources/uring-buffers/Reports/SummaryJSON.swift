// The books as one line of JSON.

import UringBuffers

enum SummaryJSON {
    static func render(_ summary: Summary) -> String {
        let books = summary.books
        let states = JSON.object([
            ("available", .number(books.states.available)), ("partial", .number(books.states.partial)),
            ("lent", .number(books.states.lent)), ("sending", .number(books.states.sending)),
            ("cached", .number(books.states.cached)), ("retired", .number(books.states.retired)),
        ])
        return JSON.object([
            ("balanced", .bool(summary.balanced)), ("capacity", .number(books.capacity)),
            ("buffer_size", .number(books.bufferSize)), ("states", states), ("lost", .number(summary.lost)),
            ("selected", .number(books.selected)), ("recycled", .number(books.recycled)),
            ("returned", .number(books.returned)), ("published", .number(books.published)),
            ("publishes", .number(books.publishes)), ("starvations", .number(books.starvations)),
            ("avoidable_starvations", .number(books.avoidableStarvations)), ("window", .number(books.window)),
            ("peak_lent", .number(books.peakLent)), ("zero_copy_sends", .number(books.zeroCopySends)),
            ("copied_sends", .number(books.copiedSends)), ("connections", .number(summary.counters.connections)),
            ("peak_connections", .number(summary.counters.peakConnections)),
            ("refused", .number(summary.counters.refused)), ("bytes_received", .number(books.receivedBytes)),
            ("bytes_sent", .number(summary.counters.bytesSent)),
            ("pool_resident_bytes", .number(summary.poolResidentBytes)),
            ("peak_resident_bytes", .number(summary.peakResidentBytes)),
            ("violations", .array(books.violations.map { .string($0) })),
        ]).text
    }
}
