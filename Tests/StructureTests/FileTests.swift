import Foundation
import Testing

@Suite("Structure: files")
struct FileTests {
    @Test("no file has more than 400 lines", arguments: ["Sources", "Tests"])
    func length(_ folder: String) throws {
        let tree = try SourceTree(folder)
        #expect(tree.files.count > 10)
        for file in tree.files { #expect(file.lines <= 400, "\(file.path) has \(file.lines) lines") }
    }

    /// A type named like its module hides the module, so that nothing in it can be qualified any more.
    @Test("no module is named like a type inside it")
    func moduleNames() throws {
        let kinds: Set<Substring> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        for file in try SourceTree("Sources").files {
            for line in file.text.split(separator: "\n") where line.range(of: file.target) != nil {
                let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                for (kind, name) in zip(words, words.dropFirst()) where name == file.target {
                    #expect(!kinds.contains(kind), "\(file.path): \(line)")
                }
            }
        }
    }

    @Test("tests use no @testable, which release builds lack")
    func testable() throws {
        for file in try SourceTree("Tests").files where file.target != "StructureTests" {
            #expect(file.text.range(of: "@testable import") == nil, "\(file.path)")
        }
    }
}
