// Lines on stdout and stderr, written at once: a program that reads us must not wait for a buffer to fill.

import Glibc

enum Output {
    static func line(_ line: String) { text(line + "\n") }

    static func text(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while unsafe !rest.isEmpty {
                // Safe: the bytes live through the call.
                let written = unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                // Nobody reads any more, or nobody can: there is nobody to tell.
                guard written > 0 || (written < 0 && errno == EINTR) else { return }
                unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(0, written)))
            }
        }
    }
}
