// A server that is watched, and what it shows.

import Foundation
import FoundationNetworking
import Testing
import UringBuffers
import UringBuffersReports

/// Starts the tool with `--observe` on a free port.
struct Observed {
    let tool: RunningTool
    /// With a slash at the end.
    let page: String

    init(_ service: RunningTool.Service, options: [String] = []) throws {
        tool = try RunningTool(service, options: ["--observe", "0"] + options)
        page = try Observed.page(in: tool.process.output)
    }

    static func page(in output: String) throws -> String {
        let marker = "watch at "
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix(marker) }) else {
            throw TestFailure("it does not say where it can be watched: \(output)")
        }
        return String(line.dropFirst(marker.count).prefix { $0 != " " })
    }

    struct Answer {
        let code: Int
        let type: String
        let text: String
    }

    /// Asks for a path below the page.
    func get(_ path: String, accept: String? = nil) throws -> Answer {
        try Observed.get(page + path, accept: accept)
    }

    static func get(_ url: String, accept: String? = nil) throws -> Answer {
        // Safe to force: made by this test.
        var request = URLRequest(url: URL(string: url)!)
        if let accept { request.setValue(accept, forHTTPHeaderField: "Accept") }
        final class Box: @unchecked Sendable {
            // @unchecked: written before the semaphore is signalled, read after it.
            var result: (data: Data?, response: URLResponse?, error: (any Error)?)
        }
        let (box, done) = (Box(), DispatchSemaphore(value: 0))
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 30
        URLSession(configuration: configuration).dataTask(with: request) {
            box.result = ($0, $1, $2)
            done.signal()
        }.resume()
        done.wait()
        guard let response = box.result.response as? HTTPURLResponse, let data = box.result.data else {
            throw TestFailure("no answer from \(url): \(box.result.error.map { "\($0)" } ?? "nothing")")
        }
        return Answer(
            code: response.statusCode, type: response.value(forHTTPHeaderField: "Content-Type") ?? "",
            text: String(decoding: data, as: UTF8.self))
    }

    /// The snapshot now, and its only group.
    func snapshot(buffers: Bool = false) throws -> (all: PoolSnapshot, group: GroupSnapshot) {
        let snapshot = try SnapshotJSON.parse(try get(buffers ? "snapshot.json?buffers=1" : "snapshot.json").text)
        let group = try #require(snapshot.groups.first)
        return (snapshot, group)
    }

    /// Ends it when a buffer is missing or counted twice, and returns what it said.
    func endUnbalanced() throws -> String {
        tool.process.send(signal: SIGTERM)
        #expect(try tool.process.wait(seconds: 30).exitCode == 2)
        return tool.process.output
    }
}

extension Observed.Answer {
    /// The value of the sample that begins with `series`, in either text format.
    func sample(_ series: String) -> Double? {
        text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { Double($0.dropFirst(series.count + 1)) }
    }
}
