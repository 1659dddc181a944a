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
        for file in try SourceTree("Sources").files {
            let declaration = try Regex(#"\b(struct|class|enum|actor|protocol|typealias)\s+\#(file.target)\b"#)
            #expect(file.text.firstMatch(of: declaration) == nil, "\(file.path)")
        }
    }

    @Test("tests use no @testable, which release builds lack")
    func testable() throws {
        for file in try SourceTree("Tests").files where file.target != "StructureTests" {
            #expect(!file.text.contains("@testable import"), "\(file.path)")
        }
    }
}
