// What was published of each series, and the backend's handle of it.

#if SwiftMetrics
    internal import CoreMetrics
    internal import UringBuffers
    internal import UringBuffersReports

    struct PublishedSeries {
        private struct Key: Hashable {
            var name: String
            /// As in the text format: in a fixed order.
            var labels: [String]
        }

        private enum Handle {
            case counter(Counter)
            case seconds(FloatingPointCounter)
            case meter(Meter)

            func destroy() {
                switch self {
                case .counter(let counter): counter.destroy()
                case .seconds(let counter): counter.destroy()
                case .meter(let meter): meter.destroy()
                }
            }
        }

        private struct Series {
            let handle: Handle
            /// Of counters: what was published in all.
            var counted = 0
            /// Of which snapshot.
            var round: Int
            let group: String?
        }

        private let factory: any MetricsFactory
        private var series: [Key: Series] = [:]
        private var serials: [String: UInt64] = [:]
        private var round = 0

        init(factory: any MetricsFactory) { self.factory = factory }

        mutating func publish(_ snapshot: PoolSnapshot) {
            round += 1
            let serials = MetricFamily.serials(of: snapshot)
            // Another group of the same name counts from the beginning.
            let replaced = Set(serials.filter { name, serial in (self.serials[name] ?? serial) != serial }.keys)
            if !replaced.isEmpty {
                for (key, one) in series {
                    guard let group = one.group, replaced.contains(group) else { continue }
                    series[key]?.counted = 0
                }
            }
            self.serials = serials
            for family in MetricFamily.families(of: snapshot) {
                for sample in family.samples { publish(sample, of: family) }
            }
            for (key, one) in series where one.round != round {
                one.handle.destroy()
                series[key] = nil
            }
        }

        mutating func destroyAll() {
            for one in series.values { one.handle.destroy() }
            series = [:]
        }

        private mutating func publish(_ sample: MetricFamily.Sample, of family: MetricFamily) {
            let key = Key(name: family.name + sample.suffix, labels: sample.labels.flatMap { [$0.name, $0.value] })
            var one = series[key] ?? made(key, sample, family.kind)
            one.round = round
            switch (one.handle, sample.value) {
            case (.counter(let counter), .count(let count)):
                let grown = one.counted <= count ? count - one.counted : count
                if grown > 0 { counter.increment(by: grown) }
                one.counted = count
            case (.seconds(let counter), .nanoseconds(let nanoseconds)):
                let grown = one.counted <= nanoseconds ? nanoseconds - one.counted : nanoseconds
                if grown > 0 { counter.increment(by: Double(grown) / 1e9) }
                one.counted = nanoseconds
            case (.meter(let meter), .count(let count)): meter.set(count)
            case (.meter(let meter), .nanoseconds(let nanoseconds)): meter.set(Double(nanoseconds) / 1e9)
            case (.counter, .nanoseconds), (.seconds, .count): preconditionFailure("\(key.name) changed its unit")
            }
            series[key] = one
        }

        private func made(_ key: Key, _ sample: MetricFamily.Sample, _ kind: MetricFamily.Kind) -> Series {
            let labels = sample.labels.map { ($0.name, $0.value) }
            let handle: Handle =
                switch (kind, sample.value) {
                case (.gauge, _), (.info, _): .meter(Meter(label: key.name, dimensions: labels, factory: factory))
                case (.counter, .count), (.histogram, .count):
                    .counter(Counter(label: key.name, dimensions: labels, factory: factory))
                case (.counter, .nanoseconds), (.histogram, .nanoseconds):
                    .seconds(FloatingPointCounter(label: key.name, dimensions: labels, factory: factory))
                }
            return Series(handle: handle, round: round, group: sample.labels.first { $0.name == "group" }?.value)
        }
    }
#endif
