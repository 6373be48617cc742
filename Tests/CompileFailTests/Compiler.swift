// Running the Swift compiler on one file against the modules that this very build made.

import Foundation

/// What the compiler said.
struct CompilerAnswer {
    let succeeded: Bool
    let text: String
}

enum Compiler {
    /// No compiler, or no modules: a failure, never a test that is passed over.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    static let snippets: [URL] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Snippets")
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == "swift" }.sorted { $0.path < $1.path }
    }()

    /// Compiles as far as ownership and lifetimes are diagnosed, which type checking alone does not.
    static func check(_ file: URL) throws -> CompilerAnswer {
        let build = try buildFolder()
        let headers = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/CUring/include").standardizedFileURL
        let process = Process()
        process.executableURL = try executable()
        process.arguments = [
            "-emit-sil", "-o", "/dev/null", "-parse-as-library", "-module-name", "Snippet", "-swift-version", "6",
            "-I", build.appending(path: "Modules").path,
            "-Xcc", "-fmodule-map-file=" + build.appending(path: "CUring.build/module.modulemap").path,
            "-Xcc", "-I" + headers.path, file.path,
        ]
        let pipe = Pipe()
        process.standardError = pipe
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return CompilerAnswer(succeeded: process.terminationStatus == 0, text: text)
    }

    /// `swiftc` on the search path, or beside the compiler that the environment names.
    private static func executable() throws -> URL {
        let environment = ProcessInfo.processInfo.environment
        var folders = (environment["PATH"] ?? "").split(separator: ":").map { URL(filePath: String($0)) }
        if let named = environment["SWIFT_EXEC"] {
            folders.insert(URL(filePath: named).deletingLastPathComponent(), at: 0)
        }
        for folder in folders {
            let candidate = folder.appending(path: "swiftc")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
        }
        throw Missing(description: "no swiftc on the search path, so nothing can be proven about what does not compile")
    }

    private static func buildFolder() throws -> URL {
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let module = folder.appending(path: "Modules/UringBuffers.swiftmodule")
        guard FileManager.default.fileExists(atPath: module.path) else {
            throw Missing(description: "no built modules beside the test program, in \(folder.path)")
        }
        return folder
    }
}
