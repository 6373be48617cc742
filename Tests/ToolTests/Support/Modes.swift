// The ways in which bytes come in and leave: each is to be invisible to clients.

import Testing

/// Options of consumption and sending, as the command line has them.
struct Mode: CustomTestStringConvertible, Sendable {
    let options: [String]
    var testDescription: String { options.isEmpty ? "as usual" : options.joined(separator: " ") }

    var isZeroCopy: Bool { options.contains("zerocopy") }

    static let incremental = Mode(options: ["--consumption", "incremental"])
    static let zeroCopy = Mode(options: ["--send", "zerocopy"])
    static let both = Mode(options: incremental.options + zeroCopy.options)
    /// Without a buffer ring.
    static let fallbacks = [
        Mode(options: ["--mode", "providedBuffers"]), Mode(options: ["--mode", "callerChosen"]),
        Mode(options: ["--mode", "providedBuffers"] + zeroCopy.options),
    ]
    static let all = [Mode(options: []), incremental, zeroCopy, both]
}
