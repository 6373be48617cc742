// The simulated kernel under a script.

import Glibc
import UringBuffers
import UringBuffersTesting

final class SimulatedSide {
    let kernel: SimulatedKernel
    let memory: PlayedRing
    private let mode: Mode
    private(set) var streams: [SimulatedStream] = []
    private(set) var isClosed: [Bool]

    init(mode: Mode, kinds: [SimulatedStream.Kind], memory: PlayedRing, completionEntries: Int = .max) throws {
        kernel = SimulatedKernel(completionEntries: completionEntries)
        self.memory = memory
        self.mode = mode
        isClosed = kinds.map { _ in false }
        streams = kinds.map { kernel.makeStream($0) }
        try register()
    }

    func register() throws {
        // Safe: this object keeps the memory as long as the kernel.
        unsafe try kernel.register(memory.base, entries: memory.entries, id: 0, consumption: mode.consumption)
    }

    func renew(_ stream: Int) {
        streams[stream] = kernel.makeStream(streams[stream].kind)
        isClosed[stream] = false
    }

    func reset(_ stream: Int) {
        streams[stream].fail(errno: ECONNRESET)
        isClosed[stream] = true
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
