// What must not compile, does not, and for the right reason; what must, does.

import Foundation
import Testing

@Suite struct SnippetTests {
    @Test(arguments: Compiler.snippets.map(\.lastPathComponent))
    func compilerSaysWhatTheSnippetExpects(name: String) throws {
        let file = try #require(Compiler.snippets.first { $0.lastPathComponent == name })
        let first = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").first ?? ""
        let mark = "// expect: "
        try #require(first.hasPrefix(mark), "\(name) does not say what it expects")
        let expected = first.dropFirst(mark.count)
        let answer = try Compiler.check(file)
        if expected == "ok" {
            #expect(answer.succeeded, "\(answer.text)")
        } else {
            #expect(!answer.succeeded, "it compiles")
            #expect(answer.text.contains("error: ") && answer.text.contains(expected), "\(answer.text)")
        }
    }

    @Test func bothKindsOfSnippetsAreThere() throws {
        let controls = Compiler.snippets.filter { $0.lastPathComponent.hasPrefix("ok") }
        #expect(controls.count >= 3)
        #expect(Compiler.snippets.count - controls.count >= 10)
    }
}
