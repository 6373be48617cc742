// What the observer answers: one snapshot for each question, rendered by UringBuffersReports.

import FlyingFox
import Foundation
import UringBuffers
import UringBuffersReports

struct Answers: HTTPHandler {
    let monitor: PoolMonitor

    func handleRequest(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.method {
        case .GET: return get(request)
        case .HEAD:
            var response = get(request)
            response.payload = .httpBody(HTTPBodySequence())
            return response
        default: return text(.methodNotAllowed, "only GET and HEAD\n", [HTTPHeader("Allow"): "GET, HEAD"])
        }
    }

    private func get(_ request: HTTPRequest) -> HTTPResponse {
        switch request.path {
        case "/": return answer(.ok, PackageResources.page_html, "text/html; charset=utf-8", Answers.onlyThisPage)
        case "/metrics": return metrics(accept: request.headers[HTTPHeader("Accept")] ?? "")
        case "/snapshot.json": return snapshot(withBuffers: request.query["buffers"].map { $0 != "0" } ?? false)
        case "/healthz": return health()
        default:
            return text(.notFound, "here are /, /metrics, /snapshot.json, /snapshot.json?buffers=1 and /healthz\n")
        }
    }

    /// What every view shows.
    static let parts: SnapshotParts = [.residency, .oldestHeld, .memlock]

    private func metrics(accept: String) -> HTTPResponse {
        let snapshot = monitor.snapshot(including: Answers.parts)
        return OpenMetricsText.isPreferred(accept: accept)
            ? answer(.ok, Array(OpenMetricsText.render(snapshot).utf8), OpenMetricsText.contentType)
            : answer(.ok, Array(PrometheusText.render(snapshot).utf8), PrometheusText.contentType)
    }

    private func snapshot(withBuffers: Bool) -> HTTPResponse {
        let snapshot = monitor.snapshot(including: withBuffers ? Answers.parts.union(.buffers) : Answers.parts)
        return answer(.ok, Array(SnapshotJSON.render(snapshot).utf8), SnapshotJSON.contentType)
    }

    /// An audit that failed once means that something is counted wrong for good.
    private func health() -> HTTPResponse {
        let snapshot = monitor.snapshot()
        var reasons = snapshot.violations
        for group in snapshot.groups where group.auditFailures > 0 {
            reasons.append("\(group.name): \(group.auditFailures) audits failed")
        }
        if reasons.isEmpty { return text(.ok, "the books balance\n") }
        return text(.serviceUnavailable, "THE BOOKS DO NOT BALANCE\n" + reasons.joined(separator: "\n") + "\n")
    }

    private func text(_ code: HTTPStatusCode, _ text: String, _ headers: HTTPHeaders = [:]) -> HTTPResponse {
        answer(code, Array(text.utf8), "text/plain; charset=utf-8", headers)
    }

    private func answer(
        _ code: HTTPStatusCode, _ bytes: [UInt8], _ type: String, _ headers: HTTPHeaders = [:]
    ) -> HTTPResponse {
        var headers = headers
        headers[.contentType] = type
        headers[HTTPHeader("Cache-Control")] = "no-store"
        headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
        return HTTPResponse(statusCode: code, headers: headers, body: Data(bytes))
    }

    /// The page asks nobody else, and nobody else may show it as theirs.
    private static let onlyThisPage: HTTPHeaders = [
        HTTPHeader("Content-Security-Policy"):
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
            + "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        HTTPHeader("Referrer-Policy"): "no-referrer",
    ]
}
