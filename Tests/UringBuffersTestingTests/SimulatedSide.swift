// The simulated kernel under a script.

import UringBuffers
import UringBuffersTesting

final class SimulatedSide {
    let kernel = SimulatedKernel(schedule: .exact)
    let memory: PlayedRing
    private(set) var streams: [SimulatedStream] = []
    private(set) var isClosed: [Bool]

    init(mode: Mode, kinds: [SimulatedStream.Kind], memory: PlayedRing) throws {
        self.memory = memory
        isClosed = kinds.map { _ in false }
        streams = kinds.map { kernel.makeStream($0) }
        unsafe try kernel.register(memory.base, entries: memory.entries, id: 0, consumption: mode.consumption)
    }

    func renew(_ stream: Int) {
        streams[stream] = kernel.makeStream(streams[stream].kind)
        isClosed[stream] = false
    }

    func close(_ stream: Int) {
        streams[stream].close()
        isClosed[stream] = true
    }

    func completions() -> [SimulatedCompletion] {
        kernel.settle()
        var found: [SimulatedCompletion] = []
        while let next = kernel.nextCompletion() { found.append(next) }
        return found
    }
}
