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

    /// The modules that a Swift text imports, by whatever form of `import`.
    static func imports(in text: String) -> [String] {
        // Attributes and access levels before it, a kind of declaration behind it, submodules after a dot.
        let pattern =
            #/^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?/#
            .anchorsMatchLineEndings()
        let rest =
            #/^import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/#
        return text.split(separator: "\n").flatMap { $0.split(separator: ";") }.compactMap { line in
            guard let start = line.prefixMatch(of: pattern) else { return nil }
            return line[start.range.upperBound...].prefixMatch(of: rest).map { String($0.output.1) }
        }
    }
}
