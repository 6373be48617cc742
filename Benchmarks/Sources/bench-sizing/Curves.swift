// The curves of the guide: what varies along each, and which number is drawn.

import UringBuffers

struct Curve {
    let name: String
    let points: [(x: Int, workload: Workload)]
}

struct Figure {
    let file: String
    let title: String
    let x: String
    let y: String
    let value: (Measured) -> Double
    let curves: [Curve]
}

enum Figures {
    /// How many buffers does a load need?
    static func count(_ scale: Int) -> Figure {
        let loads = [(16, 0), (64, 0), (256, 0), (1024, 0), (64, 500)]
        return Figure(
            file: "count", title: "Starvation: 1 KiB messages, 4 KiB buffers", x: "buffers in the pool",
            y: "starved receives per 1000 messages", value: \.starvedPerThousand,
            curves: loads.map { connections, held in
                Curve(
                    name: "\(connections) on their way" + (held > 0 ? ", \(held) held" : ""),
                    points: [8, 16, 32, 64, 128, 256, 512, 1024].filter { $0 > held }.map { buffers in
                        (
                            buffers,
                            Workload(
                                buffers: buffers, bufferSize: 4096, connections: connections, messageBytes: 1024,
                                messages: 20_480 * scale, held: held)
                        )
                    })
            })
    }

    /// What does a buffer size cost, for large messages?
    static func size(_ scale: Int) -> Figure {
        let modes: [(String, Consumption, Bool)] = [
            ("whole buffers", .whole, false), ("whole, bundled", .whole, true),
            ("incremental", .incremental(), false), ("incremental, bundled", .incremental(), true),
        ]
        return Figure(
            file: "size", title: "CPU: 64 KiB messages, a pool of 16 MiB, 16 connections", x: "bytes in a buffer",
            y: "µs of the receiving thread per message", value: { $0.nanosecondsPerMessage / 1000 },
            curves: modes.map { name, consumption, isBundled in
                Curve(
                    name: name,
                    points: [1024, 4096, 16384, 65536, 262144].map { size in
                        (
                            size,
                            Workload(
                                buffers: (16 << 20) / size, bufferSize: size, consumption: consumption,
                                isBundled: isBundled, connections: 16, messageBytes: 65536,
                                messages: 2000 * scale)
                        )
                    })
            })
    }

    /// How much memory does a held message occupy?
    static func memory(_ scale: Int) -> Figure {
        let modes: [(String, Int, Consumption)] = [
            ("whole, 1 KiB", 1024, .whole), ("whole, 4 KiB", 4096, .whole), ("whole, 16 KiB", 16384, .whole),
            ("incremental, 16 KiB", 16384, .incremental()), ("incremental, 64 KiB", 65536, .incremental()),
        ]
        return Figure(
            file: "memory", title: "Memory: 1024 messages held", x: "bytes in a message",
            y: "resident bytes per byte held", value: \.memoryFactor,
            curves: modes.map { name, size, consumption in
                Curve(
                    name: name,
                    points: [64, 256, 1024, 4096, 16384].map { message in
                        // As many handles as 1024 messages come in.
                        let handles = 1024 * max(1, consumption == .whole ? message / size : 1)
                        return (
                            message,
                            Workload(
                                buffers: max(1024, nextPowerOfTwo(handles * 2)), bufferSize: size,
                                consumption: consumption, connections: 64, messageBytes: message,
                                messages: max(8192, steady / message), held: handles)
                        )
                    })
            })
    }

    /// Bytes after which every published buffer was used several times, so that what was touched once shows no more.
    private static let steady = 32 << 20

    private static func nextPowerOfTwo(_ value: Int) -> Int {
        var power = 1
        while power < value { power *= 2 }
        return power
    }
}
