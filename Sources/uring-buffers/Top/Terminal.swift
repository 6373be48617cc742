// The terminal of the live table: drawn in place, keys without a return key, and put back as it was.

import Glibc
import UringBuffersReports

/// Takes the terminal until it is dropped.
struct Terminal: ~Copyable {
    private var before = termios()

    init() {
        // Safe, here and below: the call fills or reads the one structure.
        _ = unsafe tcgetattr(STDIN_FILENO, &before)
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        // The other screen, so that what was there is there afterwards, without a cursor.
        Output.text("\u{1b}[?1049h\u{1b}[?25l")
    }

    deinit {
        var before = before
        Output.text("\u{1b}[?25h\u{1b}[?1049l")
        _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &before)
    }

    /// Columns and lines; 80 and 24 where that is not known.
    static var size: (columns: Int, lines: Int) {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Replaces what is shown; each line is erased only where the new one ends, so that nothing flickers.
    func show(_ lines: [GroupTable.Line], isColoured: Bool) {
        let room = max(2, Terminal.size.lines - 1)
        let shown = lines.prefix(room).map { Terminal.paint($0, isColoured: isColoured) + "\u{1b}[K" }
        Output.text("\u{1b}[H" + shown.joined(separator: "\r\n") + "\u{1b}[J")
    }

    private static func paint(_ line: GroupTable.Line, isColoured: Bool) -> String {
        let style: String
        switch line.kind {
        case .plain: return line.text
        case .heading: style = isColoured ? "7" : "1"
        case .warning: style = isColoured ? "1;33" : "1"
        case .failure: style = isColoured ? "1;31" : "1"
        }
        return "\u{1b}[\(style)m\(line.text)\u{1b}[0m"
    }
}
