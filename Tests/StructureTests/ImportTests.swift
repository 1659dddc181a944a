import Foundation
import Testing

@Suite("Structure: imports")
struct ImportTests {
    private let sources: SourceTree
    /// What each target imports, by its files.
    private let imports: [String: Set<String>]

    init() throws {
        sources = try SourceTree("Sources")
        imports = sources.files.reduce(into: [:]) { result, file in
            guard file.path.hasSuffix(".swift") else { return }
            result[file.target, default: []].formUnion(SourceTree.imports(in: file.text))
        }
    }

    @Test("every folder of Sources is in the table")
    func complete() throws {
        let base = SourceTree.root.appendingPathComponent("Sources")
        for folder in try FileManager.default.contentsOfDirectory(atPath: base.path) {
            #expect(ImportTable.allowed(folder) != nil, "Sources/\(folder) is not in ImportTable.swift")
        }
        #expect(imports.count > 5, "the sources were not found below \(base.path)")
    }

    @Test("no file imports what the table does not give its target")
    func table() {
        for file in sources.files where file.path.hasSuffix(".swift") {
            guard let allowed = ImportTable.allowed(file.target) else { continue }
            for module in SourceTree.imports(in: file.text) where !ImportTable.platform.contains(module) {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test("the table itself goes one way")
    func oneWay() {
        var above: Set<String> = ["GRDB", "Logging", "ServiceLifecycle", "UnixSignals", "ArgumentParser", "TOMLKit"]
        for (target, imports) in ImportTable.rows {
            #expect(above.isSuperset(of: imports), "\(target) imports \(Set(imports).subtracting(above).sorted())")
            above.insert(target)
        }
    }

    @Test("daemon and client never come to image codecs or training, directly or by others")
    func neverReached() {
        for (targets, forbidden) in ImportTable.neverReached {
            for target in targets {
                let reached = reachable(from: target)
                #expect(reached.isDisjoint(with: forbidden), "\(target) reaches \(reached.sorted())")
            }
        }
    }

    private func reachable(from target: String) -> Set<String> {
        var seen: Set<String> = [], rest = [target]
        while let next = rest.popLast() {
            for module in imports[next] ?? [] where seen.insert(module).inserted { rest.append(module) }
        }
        return seen
    }

    @Test(
        "all forms of import are seen, and nothing else",
        arguments: [
            ("import A", ["A"]), ("  import A.B", ["A"]), ("public import A", ["A"]),
            ("@preconcurrency import A", ["A"]),
            ("@_spi(X) @testable internal import A", ["A"]), ("import struct A.B", ["A"]),
            ("import func A.f // B", ["A"]),
            ("import A; import B", ["A", "B"]), ("import A\nimport B\n", ["A", "B"]),
            ("#if X\nimport A\n#endif", ["A"]),
            ("// import A", []), ("/// import A", []), ("let importA = 1", []), ("importing A", []), ("", []),
        ])
    func parsing(_ text: String, _ modules: [String]) {
        #expect(SourceTree.imports(in: text) == modules)
    }
}
