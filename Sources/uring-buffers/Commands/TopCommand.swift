// uring-buffers top

public import ArgumentParser
import Foundation
import UringBuffers
public import UringBuffersReports

struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show the pools of a running program, one row each, and who holds their buffers.",
        discussion: """
            Reads /snapshot.json of a program that was started with --observe. On a terminal the table is redrawn in \
            place, and keys sort it: n name, c capacity, a available, l lent, s starvation, r rate, h hold time, b bytes; \
            q ends. Elsewhere it is printed once for each interval.

            LOW is the fewest available buffers of the interval; WASTE the part of filled buffers that stayed empty; \
            p50 and p99 tell for how long buffers were held (--books timed).

            Exit codes:
              0   done
              1   nothing could be read (one line on stderr says why)
              2   with --once: the books do not balance
              64  the command line is wrong
            """)

    @Argument(help: ArgumentHelp("Where the program shows its books, as it says itself.", valueName: "host:port"))
    var url: String

    @Option(help: ArgumentHelp("Seconds between two looks, 0.1 to 3600.", valueName: "s"))
    var interval = 1.0

    @Option(help: ArgumentHelp("What the rows are sorted by.", valueName: "column"))
    var sort = GroupTable.Sort.name

    @Flag(help: "Look twice, one interval apart, print the table and end.")
    var once = false

    @Flag(help: "Print one line of JSON for each table.")
    var json = false

    func validate() throws {
        guard (0.1...3600).contains(interval) else { throw ValidationError("--interval must be from 0.1 to 3600") }
        guard SnapshotSource(url) != nil else {
            throw ValidationError("'\(url)' is no address: write HOST:PORT, or http://HOST:PORT")
        }
    }

    func run() throws {
        // Never nil: validated.
        let source = SnapshotSource(url)!
        let signals = try TerminationSignals()
        var view = TopView(source: source, first: try source.read(), sort: sort)
        if !once, !json, Output.isTerminal, isatty(STDIN_FILENO) == 1 {
            try view.runOnTerminal(interval: interval, signals)
            return
        }
        repeat {
            if TopView.wait(interval, signals, keys: false) == .end { return }
            let table = try view.next()
            Output.line(json ? table.json : table.lines().map(\.text).joined(separator: "\n") + (once ? "" : "\n"))
            if once, !table.balanced { throw ExitCode(2) }
        } while !once
    }
}

extension GroupTable.Sort: ExpressibleByArgument {}
