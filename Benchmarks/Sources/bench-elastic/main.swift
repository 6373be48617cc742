// A burst and back, measured: resident memory over time, and the pauses of giving it back.

import Glibc
import UringBuffers

var rounds = 7
var isCheck = false
var results = "."
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--check": isCheck = true
    case "--rounds": rounds = arguments.popFirst().flatMap { Int($0) } ?? 0
    case "--results": results = arguments.popFirst() ?? "."
    default: rounds = 0
    }
}
guard rounds > 0 else {
    say("usage: bench-elastic [--check] [--rounds COUNT] [--results DIRECTORY]\n")
    exit(64)
}

let shapes = [
    Shape(capacity: 32768, bufferSize: 512), Shape(capacity: 16384, bufferSize: 4096),
    Shape(capacity: 1024, bufferSize: 65536),
]
var failures = 0
/// Every shape in every way, in turn.
@MainActor func groups() throws {
    var all: [String: [GroupResult]] = [:]
    for round in 0..<rounds {
        for shape in shapes {
            // Another way goes first in each round.
            let ways = Way.allCases.indices.map { Way.allCases[($0 + round) % Way.allCases.count] }
            for way in ways where way != .never || !isCheck {
                say("\r\u{1b}[K\(shape.name), \(way.rawValue), round \(round + 1) of \(rounds)")
                let enough = shape.capacity / shape.connections * 3 + 14_000
                all[shape.name + way.rawValue, default: []].append(try run(shape, way, rounds: enough))
            }
        }
    }
    say("\r\u{1b}[K")
    report(all)
    if isCheck {
        for shape in shapes {
            for way in [Way.automatic, .once] where !all[shape.name + way.rawValue]!.allSatisfy(\.isBack) {
                failures += 1
                print("FAILED: \(shape.name), \(way.rawValue): resident memory is not within a tenth of the low load's")
            }
        }
    }
}

/// Bursts in one class after another.
@MainActor func pool() throws {
    var pauses = (plain: Pauses(), trimming: Pauses())
    print(
        "\npool of 512 B, 4 KiB and 64 KiB: \(PoolLoad.budget >> 20) MiB budget, 80 MiB of buffers; one round of \(rounds)"
    )
    for round in 1...rounds {
        say("\r\u{1b}[Kpool, round \(round) of \(rounds)")
        let load = try PoolLoad()
        // What the low load needs varies a little: its most.
        var low = 0
        for step in 1...4000 {
            try load.round()
            if step > 2000, step % 16 == 0 { low = max(low, load.pool.residentBytes) }
        }
        var lines: [String] = []
        for index in [0, 1, 2, 1, 0, 2] {
            let (held, committed, resident) = try load.burst(class: index)
            lines.append(
                "   burst of \(PoolLoad.classes[index].bufferSize) B: \(mib(held)) held, \(mib(committed)) committed, "
                    + "\(mib(resident)) resident")
        }
        let peak = load.pool.residentBytes
        var back: Int?
        for step in 1...10_000 {
            try load.round()
            guard step % 16 == 0 else { continue }
            if !isWithinATenth(load.pool.residentBytes, of: low) { back = nil } else if back == nil { back = step * 24 }
        }
        let after = load.pool.residentBytes
        let (passedOver, receives) = (load.passedOver, load.receives)
        pauses = (pauses.plain + load.plain, pauses.trimming + load.trimming)
        let books = try load.finish()
        say("\r\u{1b}[K")
        if round == 1 {
            for line in lines { print(line) }
            print(
                "   low load \(mib(low)), after the bursts \(mib(peak)), at the end \(mib(after)); within a tenth after "
                    + (back.map { "\($0) messages" } ?? "more than all messages"))
            print(
                "   peak committed \(mib(books.peakCommittedBytes)); \(passedOver) of \(receives) receives in another class "
                    + "than suits; starved \(books.starvations), avoidable \(books.avoidableStarvations)")
        }
        if !isWithinATenth(after, of: low) {
            failures += isCheck ? 1 : 0
            print("   \(isCheck ? "FAILED" : "note"): \(mib(after)) at the end, \(mib(low)) before")
        }
    }
    table([("pool.refill(), nothing given back", pauses.plain), ("pool.refill(), pages given back", pauses.trimming)])
    print(
        failures == 0 ? "every byte right, all books balanced" : "every byte right, all books balanced, but see above")
}

@MainActor func report(_ all: [String: [GroupResult]]) {
    for shape in shapes {
        print("\ngroup of \(shape.name): medians of \(rounds) (least … most)")
        for way in Way.allCases {
            guard let runs = all[shape.name + way.rawValue] else { continue }
            func over(_ value: (GroupResult) -> Double) -> String { spread(runs.map(value)) }
            print(
                "   \(way.rawValue): resident KiB low \(over { Double($0.low >> 10) }), peak "
                    + "\(over { Double($0.peak >> 10) }), back \(over { Double($0.back >> 10) }), end "
                    + "\(over { Double($0.end >> 10) })")
            if way == .once {
                print(
                    "      right after the burst, with \(over { Double($0.window) }) published, trim() leaves "
                        + "\(over { Double($0.first >> 10) }) KiB; later it gives "
                        + "\(over { Double($0.trimmedAtOnce >> 10) }) KiB in "
                        + "\(over(\.trimMicroseconds)) µs of CPU")
            }
            if way != .never {
                let reached = runs.filter { $0.messages != nil }
                print("      within a tenth of the low load: \(reached.count) of \(runs.count) runs", terminator: "")
                if !reached.isEmpty {
                    print(
                        ", after \(spread(reached.map { Double($0.messages!) })) messages, "
                            + "\(spread(reached.map { Double($0.refills!) })) refills, "
                            + "\(spread(reached.map { $0.seconds! * 1000 })) ms of this traffic", terminator: "")
                }
                print()
            }
        }
        func sum(_ way: Way, _ part: (GroupResult) -> Pauses) -> Pauses {
            (all[shape.name + way.rawValue] ?? []).reduce(Pauses()) { $0 + part($1) }
        }
        table([
            ("refill(), trimming off", sum(.never, \.plain)),
            ("refill(), on, nothing given back", sum(.automatic, \.plain)),
            ("refill(), on, pages given back", sum(.automatic, \.trimming)),
        ])
        let longest = (all[shape.name + Way.automatic.rawValue] ?? []).map {
            (Double($0.trimming.wall.max() ?? 0) / 1000, Double($0.trimming.cpu.max() ?? 0) / 1000)
        }
        print("      longest in each round: wall \(spread(longest.map(\.0))), CPU \(spread(longest.map(\.1))) µs")
        save(shape, all)
    }
}

func table(_ rows: [(String, Pauses)]) {
    for (name, pauses) in rows where pauses.count > 0 {
        print(
            "   \(name): \(pauses.count) calls, p50 / p99 / max µs: wall \(Quantiles(pauses.wall)), "
                + "CPU \(Quantiles(pauses.cpu)), CPU above 1 ms: \(pauses.cpu.count(where: { $0 > 1_000_000 }))")
    }
}

/// The curves of all runs: way, round, messages since the burst, resident bytes.
@MainActor func save(_ shape: Shape, _ all: [String: [GroupResult]]) {
    guard let file = fopen("\(results)/\(shape.capacity)x\(shape.bufferSize).tsv", "w") else {
        fatalError("cannot write to \(results)")
    }
    for way in Way.allCases {
        for (round, run) in (all[shape.name + way.rawValue] ?? []).enumerated() {
            for point in run.curve { fputs("\(way.rawValue)\t\(round)\t\(point.messages)\t\(point.resident)\n", file) }
        }
    }
    fclose(file)
}

func mib(_ bytes: Int) -> String { "\(rounded(Double(bytes) / Double(1 << 20))) MiB" }

/// Progress and complaints.
func say(_ text: String) { _ = write(STDERR_FILENO, text, text.utf8.count) }

if isCheck { rounds = 1 }
try groups()
try pool()
exit(failures == 0 ? 0 : 1)
