// take → read → recycle through the public API against unsafe C in the same process, in turn.

import CMicroFloor
import Glibc

func usage() -> Never {
    print("usage: bench-micro [--rounds N] [--buffers N] [--seed N] [--json FILE] [--check]")
    exit(64)
}

var rounds = 31
var buffers = 2 << 20
var seed: UInt64 = 1
var json: String?
var isChecking = false
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst() {
    switch argument {
    case "--check": isChecking = true
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
print("\(rounds) rounds of \(buffers) buffers for each side, in turn; seed \(seed)")
print(Row.heading)
var rows: [Row] = []
var broken: [String] = []
do {
    for item in Case.all {
        let row = try item.run(rounds: rounds, count: buffers, seed: seed)
        print(row.line)
        rows.append(row)
        if isChecking, let limit = item.limit, row.ratioOfMedians > limit {
            broken.append("\(row.name): \(fixed(row.ratioOfMedians))× the floor, at most \(fixed(limit))× is allowed")
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
print("checked in every round: the sum of the bytes read; at the end of each row: books balanced, nothing lent")
for line in broken { print("error: \(line)") }
exit(broken.isEmpty ? 0 : 1)
