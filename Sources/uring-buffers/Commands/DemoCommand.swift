// uring-buffers demo

import ArgumentParser

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "demo", abstract: "x")
    func run() throws {}
}
