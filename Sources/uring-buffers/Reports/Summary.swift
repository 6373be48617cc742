// The final books of a server.

import UringBuffers

/// Plain values; every rendering shows these and computes nothing of its own.
struct Summary {
    let books: GroupSnapshot
    /// Buffers that did not come home although every connection has ended.
    let lost: Int
    /// Which they are.
    let missing: MissingReport
    let counters: RelayCounters
    let poolResidentBytes: Int
    let peakResidentBytes: Int

    /// Whether every rule of the books holds, and every buffer is home.
    var balanced: Bool { books.balanced && lost == 0 }

    /// Closes the pool and reads its books. All connections have ended.
    init(relay: borrowing Relay, io: borrowing RelayIO) throws {
        poolResidentBytes = io.group.residentBytes
        // Read while the kernel can still be asked.
        let books = io.group.books()
        self.books = books
        lost = books.states.lent + books.states.sending + (books.unreaped ?? 0)
        missing = io.group.missing()
        counters = relay.counters
        peakResidentBytes = ProcessMemory.peakResidentBytes
        if lost == 0 { try io.group.close() }
    }

    func rendered(as format: SummaryFormat) -> String {
        switch format {
        case .text: SummaryText.render(self)
        case .json: SummaryJSON.render(self)
        }
    }
}
