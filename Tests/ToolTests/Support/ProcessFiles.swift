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

    /// The number of TCP sockets that it listens on.
    static func listeningSockets(of process: pid_t) throws -> Int {
        let folder = "/proc/\(process)/fd"
        let open = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }
        // The fourth word is the state, 0A for listening; the tenth is the inode.
        let listening = try ["tcp", "tcp6"].flatMap {
            try String(contentsOfFile: "/proc/net/\($0)", encoding: .utf8).split(separator: "\n").dropFirst()
                .map { $0.split(separator: " ") }.filter { $0[3] == "0A" }.map { "socket:[\($0[9])]" }
        }
        return Set(open).intersection(listening).count
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
