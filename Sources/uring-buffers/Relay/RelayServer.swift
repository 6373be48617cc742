// The loop: wait, hand out completions, refill, until asked to end.

import UringBuffers
import UringQueue

enum RelayServer {
    /// Serves until a signal or `control` ends it, and returns the final books.
    ///
    /// `ready` is called once when everything is set up and clients can connect.
    static func serve(
        listeners: borrowing Listeners, service: RelayService, configuration: RelayConfiguration,
        signals: TerminationSignals?, control: RelayControl? = nil, watch watcher: RelayWatch? = nil, ready: () -> Void
    ) throws -> Summary {
        let io = try makeIO(configuration)
        watcher?.monitor.watch(io.group, named: watcher!.name)
        var relay = Relay(service: service, listeners: listeners.descriptors, isWatched: watcher != nil)
        for listener in listeners.descriptors.indices { relay.arm(listener: listener, io) }
        if let control { control.attach(try io.queue.makeWakeUp()) }
        let signalDescriptor = signals?.descriptor ?? -1
        watch(signalDescriptor, io)
        ready()

        var fault = try PlantedFault(configuration.plant, io)
        var clock = StatusClock()
        while !relay.isDone {
            let needsTick = control != nil || watcher != nil || relay.phase != .serving
            let timeout: Duration? = relay.hasMoreToDo(io) ? .zero : needsTick ? StatusClock.period : nil
            _ = try io.queue.wait(timeout: timeout)
            io.queue.forEachCompletion { completion in
                switch RelayTag(rawValue: completion.tag).kind {
                case .signal:
                    if signals?.take() == true { relay.phase == .serving ? relay.drain(io) : relay.breakOff(io) }
                    watch(signalDescriptor, io)
                case .planted: fault.keep(completion, io)
                default: relay.handle(completion, io)
                }
            }
            relay.afterBatch(io)
            guard needsTick else { continue }
            if control?.endIsWanted == true { relay.drain(io) }
            if let deadline = relay.drainDeadline, deadline < .now { relay.breakOff(io) }
            if clock.isDue() { report(relay, io, to: control) }
        }
        // The last connections' descriptors are closed with this.
        try io.queue.submit()
        return try Summary(relay: relay, io: io)
    }

    /// The books are audited whether somebody wants the status or only watches.
    private static func report(_ relay: borrowing Relay, _ io: borrowing RelayIO, to control: RelayControl?) {
        let status = relay.status(io)
        control?.report(status)
    }

    private static func makeIO(_ configuration: RelayConfiguration) throws -> RelayIO {
        do { return try RelayIO(configuration) } catch let error as UringError {
            throw ToolFailure(StartFailure.explain(error, configuration))
        }
    }

    private static func watch(_ signals: Int32, _ io: borrowing RelayIO) {
        if signals >= 0 { io.queue.pollReadable(signals, tag: RelayTag(.signal).rawValue) }
    }
}
