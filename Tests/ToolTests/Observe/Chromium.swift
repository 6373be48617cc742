// A page as a real browser renders it.

import Foundation
import Testing

/// What a headless Chromium made of a page.
struct RenderedPage: CustomTestStringConvertible {
    private let url: String
    /// The document after its scripts ran for some seconds.
    private let document: String
    /// What scripts complained of, and what the content security policy refused.
    let complaints: [Substring]

    init(_ url: String, seconds: Int = 4, size: (width: Int, height: Int) = (1280, 1000)) throws {
        self.url = url
        let chromium = try RenderedPage.run(url, seconds, size, ["--dump-dom"])
        document = chromium.output
        complaints = chromium.errorOutput.split(separator: "\n").filter { $0.contains("CONSOLE") }
    }

    static func photograph(_ url: String, as name: String, size: (width: Int, height: Int)) throws -> String {
        let path = try Artifacts.path(name)
        _ = try run(url, 6, size, ["--hide-scrollbars", "--screenshot=\(path)"])
        return path
    }

    private static func run(_ url: String, _ seconds: Int, _ size: (width: Int, height: Int), _ options: [String])
        throws
        -> ChildProcess
    {
        let profile = try TemporaryDirectory()
        let process = try ChildProcess(
            try OutsideProgram.chromium.require(),
            // The sandbox of the browser needs privileges that a container has not; the page is our own.
            [
                "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--user-data-dir=\(profile.path)",
                "--virtual-time-budget=\(seconds * 1000)", "--window-size=\(size.width),\(size.height)",
            ] + options + [url])
        let outcome = try process.wait(seconds: 120)
        #expect(outcome.exitCode == 0, "`\(process.name)`: \(process.errorOutput)")
        return process
    }

    var testDescription: String { url }

    func says(_ words: String) -> Bool { document.contains(words) }

    /// The text of an element without elements inside.
    func text(id: String) throws -> String {
        let begin = try #require(document.range(of: "id=\"\(id)\"[^>]*>", options: .regularExpression), "no #\(id)")
        let end = try #require(document.range(of: "</", range: begin.upperBound..<document.endIndex))
        return String(document[begin.upperBound..<end.lowerBound])
    }

    /// The numbers that the page shows, by their names.
    func fields() throws -> [String: String] {
        var found: [String: String] = [:]
        for match in document.matches(of: /data-field="([^"]*)" data-value="([^"]*)"/) {
            let name = String(match.output.1)
            try #require(found[name] == nil, "\(name) is there twice")
            found[name] = String(match.output.2)
        }
        return found
    }
}

extension OutsideProgram {
    static let chromium = OutsideProgram(name: "chromium-headless-shell", package: "chromium-headless-shell")
}
