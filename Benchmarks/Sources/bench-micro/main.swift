// take → read → recycle through the public API against unsafe C in the same process, in turn.

import CMicroFloor
import Glibc

func usage() -> Never {
    print("usage: bench-micro [--rounds N] [--buffers N] [--seed N] [--json FILE] [--check] | --waits N [--rounds N]")
    exit(64)
}

var rounds = 31
var buffers = 2 << 20
var seed: UInt64 = 1
var json: String?
var isChecking = false
var waits = 0
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--check": isChecking = true
    case "--waits":
        waits = arguments.popFirst().flatMap { Int($0) } ?? 0
        guard waits > 0 else { usage() }
    case "--rounds": rounds = arguments.popFirst().flatMap { Int($0) } ?? 0
    case "--buffers": buffers = arguments.popFirst().flatMap { Int($0) } ?? 0
    case "--seed": seed = arguments.popFirst().flatMap { UInt64($0) } ?? 0
    case "--json": json = arguments.popFirst()
    default: usage()
    }
}
guard rounds >= 3, buffers >= 32 else { usage() }
buffers = buffers / 32 * 32

micro_line_buffered()
var rows: [Row] = []
var broken: [String] = []
do {
    if waits > 0 { rows = try Wait.report(rounds: rounds, count: waits) }
    if waits == 0 {
        print("\(rounds) rounds of \(buffers) buffers for each side, in turn; seed \(seed)")
        print(Row.heading(of: "ns per buffer"))
    }
    for item in waits == 0 ? Case.all : [] {
        let row = try item.run(rounds: rounds, count: buffers, seed: seed)
        print(row.line)
        rows.append(row)
        if isChecking, let limit = item.limit, row.ratioOfMedians > limit {
            broken.append("\(row.name): \(fixed(row.ratioOfMedians))× the floor, at most \(fixed(limit))× is allowed")
        }
    }
    if waits == 0 {
        for reading in try Reading.all(rounds: rounds) {
            print(reading.line)
            if isChecking, let limit = reading.limit, reading.nanoseconds.median > limit {
                broken.append("\(reading.name): \(fixed(reading.nanoseconds.median)) ns, at most \(limit) are allowed")
            }
        }
    }
} catch {
    print("error: \(error)")
    exit(1)
}
if let json {
    guard let file = fopen(json, "w") else {
        perror(json)
        exit(1)
    }
    fputs("[\n" + rows.map { "  " + $0.json }.joined(separator: ",\n") + "\n]\n", file)
    fclose(file)
}
print(
    waits > 0
        ? "checked in every round: how each wait ended, and that every completion came"
        : "checked in every round: the sum of the bytes read; at the end of each row: books balanced, nothing lent")
for line in broken { print("error: \(line)") }
exit(broken.isEmpty ? 0 : 1)
