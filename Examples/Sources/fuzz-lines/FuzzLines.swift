// Fuzzing a server of one's own: no socket, no io_uring, and every run is replayed by its seed.
//
//      fuzz-lines          seeds 1 to 1000
//      fuzz-lines 42       this one only

import UringBuffers
import UringBuffersTesting

@main
struct FuzzLines {
    static func main() throws {
        let chosen = CommandLine.arguments.dropFirst().first.flatMap(UInt64.init)
        let seeds = chosen.map { [$0] } ?? Array(1...1000)
        try report("HastyReader", HastyReader.self, seeds)
        try report("CarefulReader", CarefulReader.self, seeds)
    }

    static func report<Reader: LineReader>(_ name: String, _ reader: Reader.Type, _ seeds: [UInt64]) throws {
        for seed in seeds {
            if let finding = try run(seed, reader) {
                return print("\(name): seed \(seed): \(finding); replay with: fuzz-lines \(seed)")
            }
        }
        print("\(name): \(seeds.count) seeds, nothing found")
    }

    /// One connection under one schedule; what went wrong, if anything did.
    static func run<Reader: LineReader>(_ seed: UInt64, _: Reader.Type) throws -> String? {
        var random = SplitMix64(seed: seed)
        // The kernel may deliver bytes in any pieces, starve requests, end them early, send buffers with errors, …
        let kernel = SimulatedKernel(schedule: Schedule(seed: random.next()))
        let group = try kernel.makeGroup(id: 0, capacity: 1 << random.below(4), bufferSize: 16)
        let client = kernel.makeStream(.tcp)
        let commands = (0..<20).map { "command \($0) " + String(repeating: "x", count: random.below(30)) }
        for command in commands { client.send(Array("\(command)\r\n".utf8)) }
        client.close()

        var server = LineServer<Reader>()
        var turns = 0
        while !server.isOver {
            turns += 1
            guard turns < 10_000 else { return "the server hangs" }
            if server.wantsToReceive {
                kernel.receive(from: client, into: group.id, options: random.below(2) == 0 ? .multishot : [], tag: 1)
                server.armed()
            }
            kernel.run()
            while let completion = kernel.nextCompletion() {
                server.handle(result: completion.result, flags: completion.flags, in: group)
            }
        }
        let books = group.books()
        if !books.balanced || books.states.lent > 0 { return "buffers are missing: \(books.violations)" }
        if server.lines != commands {
            let wrong = zip(server.lines, commands).first { $0 != $1 }?.0 ?? "none"
            return "\(server.lines.count) lines, not \(commands.count); the first wrong one: \(wrong.debugDescription)"
        }
        try group.close()
        return nil
    }
}
