// What a backend of swift-metrics gets is what the snapshots say. Run by Scripts/metrics, with the trait SwiftMetrics.

#if SwiftMetrics
    import CoreMetrics
    import KernelSupport
    import MetricsTestKit
    import TestSupport
    import Testing
    import UringBuffers
    import UringBuffersMetrics
    import UringBuffersReports
    import UringQueue

    /// A group on a ring of its own, with one holder, that receives when it is told to.
    private struct Receiver: ~Copyable {
        let queue: UringQueue
        let group: BufferGroup
        let tag: OwnerTag
        private let pair = SocketPair(.unix)

        init(holder: String = "test") throws {
            let queue = try UringQueue()
            let group = try BufferGroup(ring: queue.descriptor, id: 1, capacity: 8, bufferSize: 256, level: .timed)
            tag = group.makeTag(named: holder)!
            self.group = group
            self.queue = queue
        }

        func receive(_ count: Int) throws {
            for round in 0..<count {
                pair.write([UInt8](repeating: 1, count: 1 + round % 200))
                queue.receive(from: pair.reader, into: group, tag: 1)
                try queue.wait()
                queue.forEachCompletion { completion in
                    guard case .buffer(var buffer) = group.take(completion) else { return }
                    buffer.charge(to: tag)
                    buffer.recycle()
                }
                group.refill()
            }
            #expect(group.audit() == [])
        }
    }

    @Suite struct MetricsPublisherTests {
        /// Compares the backend with the text format of the same snapshot, which other tests compare with the snapshot.
        private func check(
            _ backend: TestMetrics, _ snapshot: PoolSnapshot, sourceLocation: SourceLocation = #_sourceLocation
        )
            throws
        {
            var kinds: [Substring: Substring] = [:]
            var count = 0
            for line in PrometheusText.render(snapshot).split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE ") { kinds[words[2]] = words[3] }
                guard !line.hasPrefix("#"), let value = Double(words.last!) else { continue }
                let series = line.dropLast(words.last!.count + 1)
                let name = String(series.prefix { $0 != "{" })
                let labels = series.matches(of: /([a-z_]+)="([^"]*)"/).map {
                    (String($0.output.1), String($0.output.2))
                }
                let isMeter = kinds[Substring(name)] == "gauge"
                if isMeter {
                    let meter = try backend.expectMeter(name, labels)
                    #expect(meter.lastValue == value, "\(series)", sourceLocation: sourceLocation)
                } else {
                    let counter = try backend.expectCounter(name, labels)
                    // This backend counts whole seconds.
                    let isTime = name.hasSuffix("_seconds_total") || name.hasSuffix("_seconds_sum")
                    let expected = isTime ? value.rounded(.down) : value
                    #expect(Double(counter.totalValue) == expected, "\(series)", sourceLocation: sourceLocation)
                    #expect(counter.values.allSatisfy { $0 > 0 }, "\(series)", sourceLocation: sourceLocation)
                }
                count += 1
            }
            #expect(count > 80, sourceLocation: sourceLocation)
        }

        @Test func incrementsAddUpToTheSnapshot() throws {
            try withSeed(rounds: 20) { random in
                let backend = TestMetrics()
                let monitor = PoolMonitor()
                let receiver = try Receiver()
                monitor.watch(receiver.group, named: "receive")
                let publisher = MetricsPublisher(monitor, factory: backend)
                let rounds = (0..<10).map { _ in Int.random(in: 0...20, using: &random) }
                for count in rounds {
                    try receiver.receive(count)
                    try check(backend, publisher.publish())
                }
                let labels = [("group", "receive")]
                let increments = rounds.filter { $0 > 0 }.map(Int64.init)
                #expect(try backend.expectCounter("uring_buffers_selected_total", labels).values == increments)
                #expect(try backend.expectMeter("uring_buffers_buffers_capacity", labels).values.count == 10)
            }
        }

        /// A late publisher begins with all that was counted, so that totals are those of the snapshot.
        @Test func twoBackendsDoNotDisturbEachOther() throws {
            let (one, other) = (TestMetrics(), TestMetrics())
            let monitor = PoolMonitor()
            let receiver = try Receiver()
            monitor.watch(receiver.group, named: "receive")
            let first = MetricsPublisher(monitor, factory: one)
            try receiver.receive(5)
            first.publish()
            let second = MetricsPublisher(monitor, factory: other)
            try receiver.receive(5)
            second.publish()
            try receiver.receive(5)
            try check(one, first.publish())
            try check(other, second.publish())
        }

        @Test func aGroupThatTakesANameBeginsAnew() throws {
            let backend = TestMetrics()
            let monitor = PoolMonitor()
            let publisher = MetricsPublisher(monitor, factory: backend)
            let labels = [("group", "receive")]
            let holder = labels + [("tag", "first")]
            do {
                let receiver = try Receiver(holder: "first")
                monitor.watch(receiver.group, named: "receive")
                try receiver.receive(5)
                publisher.publish()
                #expect(try backend.expectCounter("uring_buffers_tag_charged_total", holder).totalValue == 5)
            }
            monitor.unwatch("receive")
            // More than the old one ever had: only the serial tells that it is another.
            let next = try Receiver(holder: "second")
            monitor.watch(next.group, named: "receive")
            try next.receive(9)
            publisher.publish()
            #expect(try backend.expectCounter("uring_buffers_selected_total", labels).values == [5, 9])
            #expect(throws: (any Error).self) { try backend.expectCounter("uring_buffers_tag_charged_total", holder) }
            #expect(
                try backend.expectCounter("uring_buffers_tag_charged_total", labels + [("tag", "second")]).values == [9]
            )
        }

        @Test func whatIsGoneIsDestroyed() throws {
            let backend = TestMetrics()
            let monitor = PoolMonitor()
            let receiver = try Receiver()
            monitor.watch(receiver.group, named: "receive")
            try receiver.receive(3)
            func counters() -> Int { backend.counters(label: "uring_buffers_selected_total").count }
            do {
                let publisher = MetricsPublisher(monitor, factory: backend, including: [])
                publisher.publish()
                #expect(counters() == 1 && backend.meters(label: "uring_buffers_buffers").count == 6)
                monitor.unwatch("receive")
                publisher.publish()
                #expect(counters() == 0 && backend.meters(label: "uring_buffers_buffers").isEmpty)
                monitor.watch(receiver.group, named: "receive")
                publisher.publish()
                #expect(counters() == 1)
            }
            #expect(counters() == 0, "the publisher leaves something behind")
        }

        /// Published by one thread while another works: nothing is lost or counted twice.
        @Test func whileTheOwnerWorks() async throws {
            let backend = TestMetrics()
            let monitor = PoolMonitor()
            let publisher = MetricsPublisher(monitor, factory: backend)
            let selected = "uring_buffers_selected_total"
            let publishing = Task.detached { await publisher.run(every: .milliseconds(1)) }
            let received = try await Task.detached {
                let receiver = try Receiver()
                monitor.watch(receiver.group, named: "receive")
                var received = 0
                // Until the other thread has really looked in between.
                while backend.counters(label: selected).allSatisfy({ $0.values.count < 5 }) {
                    try receiver.receive(100)
                    received += 100
                }
                return received
            }.value
            publishing.cancel()
            await publishing.value
            try check(backend, publisher.publish())
            #expect(backend.counterTotal(label: selected) == Int64(received))
        }
    }
#endif
