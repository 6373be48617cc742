// Where the tool is: beside the test program, in the build's directory.

import Foundation

enum ToolBinary {
    /// The environment variable URING_BUFFERS_TOOL names another one.
    static let path: String = {
        if let named = ProcessInfo.processInfo.environment["URING_BUFFERS_TOOL"], !named.isEmpty { return named }
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let places = [program, Bundle.main.bundlePath, Bundle.main.executablePath ?? ""]
        for place in places {
            var directory = URL(fileURLWithPath: place)
            while directory.path != "/" {
                let candidate = directory.appendingPathComponent("uring-buffers").path
                let kind = try? FileManager.default.attributesOfItem(atPath: candidate)[.type] as? FileAttributeType
                if kind == .typeRegular, FileManager.default.isExecutableFile(atPath: candidate) {
                    return candidate
                }
                directory.deleteLastPathComponent()
            }
        }
        fatalError("the tool uring-buffers was not built beside the tests: set URING_BUFFERS_TOOL to its path")
    }()
}
