// A real Prometheus that scrapes the tool four times a second, and what it answers.

import Foundation
import Testing

final class Prometheus {
    private let server: OutsideServer

    /// - Parameter alerts: rules, as text.
    init(scraping page: String, job: String, alerts: String) throws {
        let target = page.dropFirst("http://".count).dropLast()
        server = try OutsideServer(.prometheus) { address, directory in
            try directory.write("alerts.yml", alerts)
            try directory.write(
                "prometheus.yml",
                """
                global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
                rule_files: [alerts.yml]
                scrape_configs:
                  - job_name: \(job)
                    static_configs: [{targets: ["\(target)"]}]
                """)
            return [
                "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(directory.path)/data",
                "--web.listen-address=\(address)", "--log.level=error",
            ]
        }
        try waitUntil("Prometheus has scraped") { (try? values("up")) == [1] }
    }

    private struct Answer<Data: Decodable>: Decodable {
        var status: String
        var error: String?
        var data: Data?
    }

    private struct Vector: Decodable {
        struct Series: Decodable {
            var metric: [String: String]
            var value: Pair
        }
        /// A time in seconds and a number as text.
        struct Pair: Decodable {
            var seconds: Double
            var number: Double
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                seconds = try list.decode(Double.self)
                number = Double(try list.decode(String.self)) ?? .nan
            }
        }
        var result: [Series]
    }

    private func ask<Data: Decodable>(_ path: String, as: Data.Type) throws -> Data {
        let text = try Observed.get("http://\(server.address)/api/v1/\(path)").text
        let answer = try JSONDecoder().decode(Answer<Data>.self, from: Foundation.Data(text.utf8))
        guard let data = answer.data else { throw TestFailure("\(path): \(answer.error ?? text)") }
        return data
    }

    /// What an expression is now: each series with its labels. Throws when Prometheus does not understand it.
    func series(_ expression: String) throws -> [(labels: [String: String], value: Double)] {
        // Only letters and digits stand for themselves.
        let query = expression.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
        return try ask("query?query=\(query)", as: Vector.self).result.map { ($0.metric, $0.value.number) }
    }

    func values(_ expression: String) throws -> [Double] { try series(expression).map(\.value) }

    /// The only value of an expression.
    func value(_ expression: String) throws -> Double {
        let found = try series(expression)
        guard found.count == 1 else { throw TestFailure("\(expression) has \(found.count) values: \(found)") }
        return found[0].value
    }

    /// An alert that is firing, with its texts.
    struct Alert: Decodable {
        var labels: [String: String]
        var annotations: [String: String]
        var state: String
    }

    func firing() throws -> [Alert] {
        struct Alerts: Decodable { var alerts: [Alert] }
        return try ask("alerts", as: Alerts.self).alerts.filter { $0.state == "firing" }
    }

    /// Each rule that is loaded, and how its last evaluation ended.
    func rules() throws -> [String: String] {
        struct Rules: Decodable {
            struct Group: Decodable { var rules: [Rule] }
            struct Rule: Decodable { var name, health: String }
            var groups: [Group]
        }
        let all = try ask("rules", as: Rules.self).groups.flatMap(\.rules)
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.health) })
    }
}

extension OutsideProgram {
    static let prometheus = OutsideProgram(name: "prometheus", package: "prometheus")
}
