// Snapshots of pools to a backend of swift-metrics. Everything here needs the package's trait SwiftMetrics.

#if SwiftMetrics
    public import CoreMetrics
    internal import Synchronization
    public import UringBuffers
    internal import UringBuffersReports

    /// Publishes what a monitor sees to any backend of swift-metrics, now and then, away from the threads that work.
    ///
    /// ```swift
    /// let monitor = PoolMonitor()
    /// monitor.watch(group, named: "receive")
    /// let publisher = MetricsPublisher(monitor, factory: factory)
    /// await publisher.run(every: .seconds(10))        // in a task of its own, until that is cancelled
    /// ```
    ///
    /// Names, labels and units are those of `PrometheusText`, with their endings, so that the same dashboards and alerts fit:
    ///
    /// - A counter is a `Counter` that is increased by what was counted since it was published last; the first time by all
    ///   that the group ever counted. Those in seconds are a `FloatingPointCounter`: a backend that has none sees whole
    ///   seconds.
    /// - A histogram is counters as well: `…_bucket` for each `le`, `…_sum`, `…_count`.
    /// - A level is a `Meter`, and so is `…_group_info`, which is 1.
    ///
    /// A group that takes the name of another, and a counter that went down, begin anew. What is no more in the snapshot is
    /// destroyed at the next ``publish()``, everything with the publisher: publish once more before you unwatch a group, so
    /// that its last steps are counted.
    ///
    /// Any thread; publishing is done by one at a time. O(groups and tags), with as many calls of the backend.
    public final class MetricsPublisher: Sendable {
        private let monitor: PoolMonitor
        private let parts: SnapshotParts
        private let state: Mutex<PublishedSeries>

        /// - Parameters:
        ///   - monitor: whatever it watches is published, also what it will watch later.
        ///   - factory: the backend. A factory of your own leaves the process's one alone.
        ///   - parts: what else to look at each time, see ``SnapshotParts``.
        public init(
            _ monitor: PoolMonitor, factory: any MetricsFactory = MetricsSystem.factory,
            including parts: SnapshotParts = [.memlock, .oldestHeld]
        ) {
            self.monitor = monitor
            self.parts = parts
            state = Mutex(PublishedSeries(factory: factory))
        }

        deinit { state.withLock { $0.destroyAll() } }

        /// Publishes what there is now, and returns the snapshot that it was made from.
        @discardableResult
        public func publish() -> PoolSnapshot {
            state.withLock { series in
                // Inside, so that two threads cannot publish in the wrong order.
                let snapshot = monitor.snapshot(including: parts)
                series.publish(snapshot)
                return snapshot
            }
        }

        /// Publishes again and again until its task is cancelled, and then a last time.
        public func run(every interval: Duration = .seconds(10)) async {
            while !Task.isCancelled {
                publish()
                try? await Task.sleep(for: interval)
            }
            publish()
        }
    }
#endif
