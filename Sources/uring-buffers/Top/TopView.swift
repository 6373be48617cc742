// The loop of the live table: look, draw, wait for a key or the next look.

import Foundation
import UringBuffers
import UringBuffersReports

struct TopView {
    let source: SnapshotSource
    /// The two latest snapshots.
    private var earlier: PoolSnapshot?
    private var latest: PoolSnapshot
    private var sort: GroupTable.Sort
    /// Why the latest snapshot is old.
    private var trouble: String?

    init(source: SnapshotSource, first: PoolSnapshot, sort: GroupTable.Sort) {
        self.source = source
        latest = first
        self.sort = sort
    }

    /// Looks again.
    mutating func next() throws -> GroupTable {
        let snapshot = try source.read()
        // A program that was started again begins anew.
        earlier = snapshot.processID == latest.processID ? latest : nil
        latest = snapshot
        return table
    }

    private var table: GroupTable { GroupTable(latest, since: earlier, sortedBy: sort) }

    /// Until `q`, a signal, or the end of the terminal.
    mutating func runOnTerminal(interval: Double, _ signals: TerminationSignals) throws {
        let terminal = Terminal()
        let isColoured = ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true
        while true {
            terminal.show(lines, isColoured: isColoured)
            switch TopView.wait(interval, signals, keys: true) {
            case .end: return
            case .time:
                do {
                    _ = try next()
                    trouble = nil
                } catch let failure as ToolFailure { trouble = failure.description }
            case .key(let key):
                if key == "q" { return }
                sort = TopView.keys[key] ?? sort
            }
        }
    }

    private static let keys: [Character: GroupTable.Sort] = [
        "n": .name, "c": .capacity, "a": .available, "l": .lent, "s": .starvation, "r": .rate, "h": .hold, "b": .bytes,
    ]

    private var lines: [GroupTable.Line] {
        let width = max(40, Terminal.size.columns)
        var lines = table.lines(width: width)
        if let trouble { lines.insert(GroupTable.Line(kind: .failure, text: String(trouble.prefix(width))), at: 0) }
        let help = "sorted by \(sort.rawValue); n c a l s r h b sort, q ends"
        return lines + [GroupTable.Line(kind: .plain, text: String(help.prefix(width)))]
    }

    enum Event: Equatable { case time, end, key(Character) }

    /// Waits for the time to pass, a signal, or a key.
    static func wait(_ seconds: Double, _ signals: TerminationSignals, keys: Bool) -> Event {
        var polled = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
        if keys { polled.append(pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)) }
        // Safe: poll writes the results into the array.
        guard unsafe poll(&polled, nfds_t(polled.count), Int32(seconds * 1000)) > 0 else { return .time }
        if polled[0].revents != 0 { return .end }
        var key: UInt8 = 0
        // Safe: reads one byte. Nothing to read is the end of the terminal.
        guard unsafe read(STDIN_FILENO, &key, 1) == 1 else { return .end }
        return .key(Character(UnicodeScalar(key)))
    }
}
