// What /proc says about another process.

import Foundation

enum ProcessFiles {
    /// Name of the state and of the kernel function that it waits in.
    static func state(of process: pid_t) -> String {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("State:") } ?? "State: gone"
        return "\(line.dropFirst(6).trimmingCharacters(in: .whitespaces)), descriptors \(descriptors(of: process))"
    }

    /// The number of open descriptors.
    static func descriptors(of process: pid_t) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? -1
    }

    /// User and system time so far, in seconds.
    static func processorSeconds(of process: pid_t) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th word after it.
        let words = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard words.count > 13, let user = Double(words[12]), let system = Double(words[13]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
