// Snapshots of another program, over HTTP.

import Dispatch
import Foundation
import FoundationNetworking
import Synchronization
import UringBuffers
import UringBuffersReports

/// Where a program that runs with `--observe` shows its snapshots.
struct SnapshotSource {
    let url: URL
    private let session: URLSession

    /// From a port of this machine, `HOST:PORT`, `http://HOST:PORT` or `http://HOST:PORT/snapshot.json`, or nil when it is none of them.
    init?(_ text: String) {
        let local = text.allSatisfy(\.isNumber) ? "127.0.0.1:" + text : text
        let text = local.contains("://") ? local : "http://" + local
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false, var url = parts.url
        else { return nil }
        if !url.path.hasSuffix(".json") { url.append(path: "snapshot.json") }
        self.url = url
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 5
        session = URLSession(configuration: configuration)
    }

    /// The snapshot now; waits for it, at most 5 s.
    func read() throws -> PoolSnapshot {
        let answer = Answer()
        session.dataTask(with: url) { data, response, error in
            answer.give(
                error.map { .failure($0) }
                    ?? .success((data ?? Data(), (response as? HTTPURLResponse)?.statusCode ?? 0)))
        }.resume()
        let (data, code): (Data, Int)
        do { (data, code) = try answer.wait() } catch {
            throw ToolFailure(
                "cannot read \(url): \(error.localizedDescription). Is the program running, with --observe?")
        }
        guard code == 200 else {
            throw ToolFailure("\(url) answers \(code): it is not the address of a program with --observe.")
        }
        do { return try SnapshotJSON.parse(String(decoding: data, as: UTF8.self)) } catch {
            guard case DecodingError.dataCorrupted(let context) = error, context.debugDescription.hasPrefix("schema")
            else { throw ToolFailure("\(url) is no snapshot of buffer pools: name the address after --observe.") }
            throw ToolFailure("\(url) is of another version: \(context.debugDescription).")
        }
    }

    /// What the session's thread hands over.
    private final class Answer: Sendable {
        private let result = Mutex<Result<(Data, Int), any Error>?>(nil)
        private let isThere = DispatchSemaphore(value: 0)

        func give(_ given: sending Result<(Data, Int), any Error>) {
            result.withLock { $0 = given }
            isThere.signal()
        }

        func wait() throws -> (Data, Int) {
            isThere.wait()
            // Never nil: stored before the signal.
            return try result.withLock { $0! }.get()
        }
    }
}
