// The demo's progress: a table that is redrawn on a terminal, plain lines otherwise.

import UringBuffers

struct DemoScreen {
    private let isTerminal = Output.isTerminal
    private var drawnLines = 0
    private var lastVerified = 0
    private var lastTime = ContinuousClock.now

    mutating func show(elapsed: Duration, of total: Int, verified: Int, proxy: RelayStatus) {
        let now = ContinuousClock.now
        let seconds = max(0.001, (now - lastTime) / .seconds(1))
        let rate = Amount.bytes(Int(Double(verified - lastVerified) / seconds))
        (lastVerified, lastTime) = (verified, now)
        let time = "\(min(total, Int(elapsed.components.seconds)))/\(total) s"
        let books = proxy.books
        guard isTerminal else {
            Output.line(
                "\(time)  \(Amount.bytes(verified)) verified, \(rate)/s, \(proxy.connections) connections; buffers: "
                    + "\(books.states.available) available, \(books.states.lent) lent, \(books.states.cached) cached; "
                    + "window \(books.window), \(Amount.bytes(proxy.poolResidentBytes)) resident")
            return
        }
        let lines = [
            "  \(time)   \(Amount.bytes(verified)) verified   \(rate)/s   \(proxy.connections) connections",
            "",
            "  the proxy's pool: \(books.capacity) buffers of \(Amount.bytes(books.bufferSize))",
            row("available", books.states.available, books.capacity, "published, the kernel may fill them"),
            row("lent", books.states.lent, books.capacity, "filled, on their way to the other socket"),
            row("cached", books.states.cached, books.capacity, "free, and cold ones never touched"),
            "  window \(books.window)   out at once at most \(books.peakLent)   resident "
                + "\(Amount.bytes(proxy.poolResidentBytes))   starvations \(books.starvations)",
        ]
        // Up over the last drawing, and each line erased before it is written.
        let up = drawnLines > 0 ? "\u{1b}[\(drawnLines)A" : ""
        Output.line(up + lines.map { "\u{1b}[2K" + $0 }.joined(separator: "\n"))
        drawnLines = lines.count
    }

    private func row(_ name: String, _ count: Int, _ capacity: Int, _ meaning: String) -> String {
        let width = 24
        let filled = count == 0 ? 0 : max(1, count * width / capacity)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
        return "  " + pad(name, 10) + bar + " " + pad(String(count), 6) + meaning
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
