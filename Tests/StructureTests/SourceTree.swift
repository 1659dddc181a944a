import Foundation

/// The package's files as they lie on disk.
struct SourceTree {
    struct File {
        /// From the top of the package, for messages.
        var path: String
        /// The target's folder: the first one below `Sources` or `Tests`.
        var target: String
        var text: String

        var lines: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }
    }

    /// The top of the package: two folders above this file's.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    let files: [File]

    /// Reads every Swift and C file below `folder`, which is `Sources` or `Tests`.
    init(_ folder: String) throws {
        let base = Self.root.appendingPathComponent(folder).resolvingSymlinksInPath()
        files = try FileManager.default.subpathsOfDirectory(atPath: base.path).sorted().compactMap { path in
            guard ["swift", "c", "h"].contains((path as NSString).pathExtension),
                let target = path.split(separator: "/").first
            else { return nil }
            let text = try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8)
            return File(path: "\(folder)/\(path)", target: String(target), text: text)
        }
    }

    /// The modules that a Swift text imports, by whatever form of `import`: attributes and access levels before it, a
    /// kind of declaration behind it, submodules after a dot.
    static func imports(in text: String) -> [String] {
        guard text.range(of: "import") != nil else { return [] }
        return text.split(separator: "\n").flatMap { $0.split(separator: ";") }.compactMap { line in
            // Cheap, so that few lines reach the rest.
            guard line.utf8.count < 200, line.range(of: "import") != nil else { return nil }
            var words = line.split(whereSeparator: \.isWhitespace)[...]
            while let word = words.first, word.hasPrefix("@") || accessLevels.contains(word) { words.removeFirst() }
            guard words.popFirst() == "import" else { return nil }
            if let word = words.first, kinds.contains(word) { words.removeFirst() }
            return words.first?.split(separator: ".").first.map(String.init)
        }
    }

    private static let accessLevels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
}
