// What tests make for people to look at.

import Foundation

enum Artifacts {
    /// Where files are kept: the folder of URING_BUFFERS_ARTIFACTS, else one in the system's temporary folder.
    static func path(_ name: String) throws -> String {
        let folder =
            ProcessInfo.processInfo.environment["URING_BUFFERS_ARTIFACTS"]
            ?? FileManager.default.temporaryDirectory.appendingPathComponent("uring-buffers-artifacts").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder + "/" + name
    }
}
