// Both text formats: byte for byte, and the rules that hold whatever the numbers are.

import TestSupport
import Testing
import UringBuffers

@testable import UringBuffersReports

@Suite struct ExpositionTests {
    private func lines(_ text: String, with part: String) -> [String] {
        text.split(separator: "\n").filter { $0.contains(part) }.map(String.init)
    }

    @Test func prometheusLines() {
        let text = PrometheusText.render(fullSnapshot())
        let name = #"group="a \"b\"\\\nc""#
        #expect(
            lines(text, with: "starved_seconds") == [
                "# HELP uring_buffers_starved_seconds_total Time from a starvation to the next publish.",
                "# TYPE uring_buffers_starved_seconds_total counter",
                "uring_buffers_starved_seconds_total{\(name)} 0.0015",
                "uring_buffers_starved_seconds_total{group=\"idle\"} 0.0",
            ])
        #expect(
            lines(text, with: "uring_buffers_buffers{") == [
                "uring_buffers_buffers{\(name),state=\"available\"} 40",
                "uring_buffers_buffers{\(name),state=\"partial\"} 0",
                "uring_buffers_buffers{\(name),state=\"lent\"} 9",
                "uring_buffers_buffers{\(name),state=\"sending\"} 1",
                "uring_buffers_buffers{\(name),state=\"cached\"} 14",
                "uring_buffers_buffers{\(name),state=\"retired\"} 0",
            ]
                + ["available", "partial", "lent", "sending"].map {
                    "uring_buffers_buffers{group=\"idle\",state=\"\($0)\"} 0"
                } + [
                    "uring_buffers_buffers{group=\"idle\",state=\"cached\"} 1",
                    "uring_buffers_buffers{group=\"idle\",state=\"retired\"} 0",
                ])
        #expect(
            lines(text, with: "group_info") == [
                "# HELP uring_buffers_group_info How a group was made.", "# TYPE uring_buffers_group_info gauge",
                "uring_buffers_group_info{\(name),bgid=\"7\",consumption=\"whole\",refill=\"adaptive\","
                    + "backing=\"anonymous\",level=\"timed\"} 1",
                "uring_buffers_group_info{group=\"idle\",bgid=\"0\",consumption=\"whole\",refill=\"adaptive\","
                    + "backing=\"anonymous\",level=\"counters\"} 1",
            ])
        #expect(
            lines(text, with: "oldest_held").last
                == "uring_buffers_oldest_held_timestamp_seconds{\(name),tag=\"web\"} 1700000004.0"
        )
        #expect(
            lines(text, with: "tag_buffers{") == [
                "uring_buffers_tag_buffers{\(name),tag=\"web\",state=\"lent\"} 4",
                "uring_buffers_tag_buffers{\(name),tag=\"web\",state=\"sending\"} 1",
                "uring_buffers_tag_buffers{\(name),tag=\"2\",state=\"lent\"} 1",
                "uring_buffers_tag_buffers{\(name),tag=\"2\",state=\"sending\"} 0",
                "uring_buffers_tag_buffers{\(name),tag=\"other\",state=\"lent\"} 2",
                "uring_buffers_tag_buffers{\(name),tag=\"other\",state=\"sending\"} 0",
            ])
    }

    @Test func openMetricsLines() {
        let text = OpenMetricsText.render(fullSnapshot())
        #expect(
            Array(lines(text, with: "received_bytes").prefix(3)) == [
                "# TYPE uring_buffers_received_bytes counter", "# UNIT uring_buffers_received_bytes bytes",
                "# HELP uring_buffers_received_bytes Bytes in completions that were taken.",
            ])
        #expect(lines(text, with: "# TYPE uring_buffers_group") == ["# TYPE uring_buffers_group info"])
        #expect(text.hasSuffix("\n# EOF\n"))
        let shape = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let other = PrometheusText.render(fullSnapshot()).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(shape == other, "the samples are the same")
    }

    @Test func bucketsAreCumulativeAndExact() {
        let text = PrometheusText.render(fullSnapshot())
        let buckets = lines(text, with: "hold_seconds_bucket")
        #expect(buckets.count == 15)
        // 0 and 1000 lie below 1024 ns; 1024 does not.
        #expect(buckets[0].hasSuffix(#"le="1.023e-06"} 2"#) && buckets[1].hasSuffix(#"le="4.095e-06"} 3"#))
        #expect(buckets[2].hasSuffix(#"le="1.6383e-05"} 4"#) && buckets[13].hasSuffix(#"le="68.719476735"} 4"#))
        #expect(buckets[14].hasSuffix(#"le="+Inf"} 5"#))
        #expect(lines(text, with: "hold_seconds_count").last?.hasSuffix(" 5") == true)
        #expect(lines(text, with: "hold_seconds_sum").last?.hasSuffix(" 1099.511634800") == false)
        #expect(lines(text, with: "delivered_bytes_sum").last?.hasSuffix(" 4161") == true)
        #expect(lines(text, with: "delivered_bytes_bucket")[0].hasSuffix(#"le="63.0"} 1"#))
    }

    /// For any names and numbers.
    @Test func everyFamilyIsSaidOnceAndEveryLineIsWhole() throws {
        try withSeed { random in
            var snapshot = fullSnapshot()
            let letters: [Character] = ["a", "\"", "\\", "\n", "é", "{", "}", ",", "="]
            for index in 0..<4 {
                let name = String(
                    (0..<Int.random(in: 0...5, using: &random)).map { _ in letters.randomElement(using: &random)! })
                var group = GroupSnapshot(name: name, capacity: 1 << index, bufferSize: 64)
                group.edges.published = Int.random(in: 0...1000, using: &random)
                snapshot.groups.append(group)
            }
            for text in [PrometheusText.render(snapshot), OpenMetricsText.render(snapshot)] {
                var types: Set<Substring> = []
                var series: Set<Substring> = []
                for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
                    #expect(!line.isEmpty)
                    if line.hasPrefix("# TYPE ") { #expect(types.insert(line).inserted) }
                    guard !line.hasPrefix("#") else { continue }
                    let end = line.lastIndex(of: " ")!
                    #expect(Double(line[line.index(after: end)...]) != nil)
                    #expect(series.insert(line[..<end]).inserted, "one series twice: \(line)")
                }
            }
        }
    }

    @Test func groupsOfOneNameAreTwoSeries() {
        #expect(MetricFamily.unique(["a", "b", "a", "a#2", "a"]) == ["a", "b", "a#2", "a#2#2", "a#3"])
    }

    @Test func negotiation() {
        #expect(
            OpenMetricsText.isPreferred(accept: "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"))
        #expect(OpenMetricsText.isPreferred(accept: "text/plain, application/OpenMetrics-Text ; q=1"))
        for accept in ["", "*/*", "text/plain", "application/openmetrics-text;q=0", "application/openmetrics"] {
            #expect(!OpenMetricsText.isPreferred(accept: accept))
        }
    }
}
