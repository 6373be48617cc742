// The seeds of the tests that run, printed when the process traps: a trap leaves no time for an ordinary issue.

import Glibc
import Synchronization

/// Lines that are written to standard error when the process traps while they are posted.
enum TrapNotice {
    private static let most = 64

    /// One line each, or nil. Read by the signal handler.
    @safe
    private struct Board: @unchecked Sendable {
        // @unchecked: slots are taken and freed by compare and exchange.
        let lines = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: most)
        /// By signal: who handled it before.
        let former = UnsafeMutablePointer<sigaction>.allocate(capacity: 32)

        init() {
            for slot in 0..<most { unsafe (lines + slot).initialize(to: Atomic(0)) }
            for number in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS] {
                var action = sigaction()
                unsafe action.__sigaction_handler.sa_handler = { TrapNotice.printAll($0) }
                unsafe (former + Int(number)).initialize(to: sigaction())
                _ = unsafe sigaction(number, &action, former + Int(number))
            }
        }
    }

    private static let board = Board()

    /// Posts a line; returns its slot, or nil when all are taken.
    static func post(_ text: String) -> Int? {
        guard let copy = unsafe strdup(text) else { return nil }
        for slot in 0..<most {
            let taken = unsafe board.lines[slot].compareExchange(
                expected: 0, desired: UInt(bitPattern: copy), ordering: .acquiringAndReleasing)
            if taken.exchanged { return slot }
        }
        unsafe free(copy)
        return nil
    }

    static func remove(_ slot: Int?) {
        guard let slot else { return }
        let old = unsafe board.lines[slot].exchange(0, ordering: .acquiringAndReleasing)
        unsafe free(UnsafeMutableRawPointer(bitPattern: old))
    }

    private static func printAll(_ signal: Int32) {
        for slot in 0..<most {
            let line = unsafe UnsafePointer<CChar>(bitPattern: board.lines[slot].load(ordering: .acquiring))
            if let line = unsafe line { _ = unsafe write(STDERR_FILENO, line, strlen(line)) }
        }
        // The instruction runs again, and traps for whoever handled it before.
        _ = unsafe sigaction(signal, board.former + Int(signal), nil)
    }
}
