// What the doctor says, as its JSON, and what must hold of every report.

import Foundation
import Testing

struct DoctorReport: Decodable {
    struct Kernel: Decodable { let text: String, release: String, simulated: Bool }
    struct Ring: Decodable { let works: Bool, error: String? }
    struct Capabilities: Decodable {
        let features: [String], usable: [String], fixedBufferSlots: Int, bestMode: String
    }
    struct Quirk: Decodable { let id: String, switchedOff: [String], alwaysRefused: Bool, reference: String }
    struct LockedMemory: Decodable { let limit: Int?, exempt: Bool, available: Int?, usualPool: Int }
    struct Suggestion: Decodable { let buffers: Int, bufferSize: Int, queueEntries: Int }

    let verdict: String
    let exitCode: Int32
    let reasons: [String]
    let advice: [String]
    let kernel: Kernel
    let ioUring: Ring
    let capabilities: Capabilities
    let quirks: [Quirk]
    let lockedMemory: LockedMemory
    let suggestion: Suggestion?

    /// Runs the doctor twice, for JSON and for text, and checks that both say the same. `wrapper` is made anew for each.
    static func make(
        _ options: [String] = [], wrapper: @autoclosure () throws -> [String] = [], binary: String = ToolBinary.path,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> (report: DoctorReport, text: String) {
        let (code, output) = try run(try wrapper() + [binary, "doctor", "--json"] + options, sourceLocation)
        #expect(output.hasSuffix("}\n") && !output.dropLast().contains("\n"), sourceLocation: sourceLocation)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(DoctorReport.self, from: Data(output.utf8))
        #expect(code == report.exitCode, "\(output)", sourceLocation: sourceLocation)
        let (textCode, text) = try run(try wrapper() + [binary, "doctor"] + options, sourceLocation)
        #expect(textCode == code, "\(text)", sourceLocation: sourceLocation)
        report.check(against: text, sourceLocation)
        return (report, text)
    }

    private static func run(_ command: [String], _ sourceLocation: SourceLocation) throws -> (Int32?, String) {
        let process = try ChildProcess(command[0], Array(command.dropFirst()))
        let code = try process.wait(seconds: 60).exitCode
        #expect(process.errorOutput.isEmpty, "\(process.errorOutput)", sourceLocation: sourceLocation)
        return (code, process.output)
    }

    private func check(against text: String, _ sourceLocation: SourceLocation) {
        let context = Comment(rawValue: "\(self)\n\(text)")
        #expect(
            ["usable": 0, "limited": 1, "unusable": 2][verdict] == exitCode, context, sourceLocation: sourceLocation)
        #expect(reasons.isEmpty == (exitCode == 0), context, sourceLocation: sourceLocation)
        #expect((suggestion == nil) == advice.isEmpty, context, sourceLocation: sourceLocation)
        #expect(exitCode == 2 || suggestion != nil, context, sourceLocation: sourceLocation)
        #expect(Set(capabilities.usable).isSubset(of: capabilities.features), context, sourceLocation: sourceLocation)
        #expect(ioUring.works == (ioUring.error == nil), context, sourceLocation: sourceLocation)
        // Lines are wrapped, so spaces are compared as one.
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for part in reasons + advice + ["verdict \(verdict):", "kernel Linux \(kernel.text)"] {
            #expect(words.contains(part), "the text lacks '\(part)': \(text)", sourceLocation: sourceLocation)
            #expect(part.hasSuffix(".") || part.hasPrefix("verdict") || part.hasPrefix("kernel"), "a sentence: \(part)")
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, context, sourceLocation: sourceLocation)
    }
}
