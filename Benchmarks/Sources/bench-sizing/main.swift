// Measures the curves of the sizing guide and writes them as tables, one file for each figure.

import Glibc

let arguments = CommandLine.arguments
guard arguments.count == 4, let scale = Int(arguments[2]), let rounds = Int(arguments[3]), scale > 0, rounds > 0 else {
    say("usage: bench-sizing DIRECTORY SCALE ROUNDS\n")
    exit(64)
}
let directory = arguments[1]
var limit = rlimit()
getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
limit.rlim_cur = limit.rlim_max
setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)

for figure in [Figures.count(scale), Figures.size(scale), Figures.memory(scale)] {
    // In turn: every point of every curve once, then all again.
    var samples: [String: [Double]] = [:]
    for round in 1...rounds {
        for curve in figure.curves {
            for (x, workload) in curve.points {
                say("\r\u{1b}[K\(figure.file), round \(round) of \(rounds): \(curve.name), \(x)")
                let measured = try Receiver(workload).run()
                samples["\(curve.name)\t\(x)", default: []].append(figure.value(measured))
            }
        }
    }
    say("\r\u{1b}[K")
    print("== \(figure.title)\n   \(figure.y), by \(figure.x); median of \(rounds), and all of them")
    var table = "# \(figure.title)\n# title\t\(figure.x)\t\(figure.y)\n"
    for curve in figure.curves {
        table += "\n\n\"\(curve.name)\"\n"
        print("   \(curve.name)")
        for (x, _) in curve.points {
            let sorted = samples["\(curve.name)\t\(x)"]!.sorted()
            let median = sorted[sorted.count / 2]
            let all = sorted.map { rounded($0) }.joined(separator: " ")
            print("      \(x): \(rounded(median))   (\(all))")
            table += "\(x)\t\(median)\t\(sorted.first!)\t\(sorted.last!)\n"
        }
    }
    guard let file = fopen("\(directory)/\(figure.file).tsv", "w") else { fatalError("cannot write to \(directory)") }
    fputs(table, file)
    fclose(file)
}

func rounded(_ value: Double) -> String {
    value >= 100 ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"
}

/// Progress and complaints.
func say(_ text: String) { _ = write(STDERR_FILENO, text, text.utf8.count) }
