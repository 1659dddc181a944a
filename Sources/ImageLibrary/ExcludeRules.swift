import Glibc

/// What a walk leaves out.
///
/// A pattern without a slash is compared with each name on the way, one with a slash with the path below the watched
/// folder, both as a shell does it; `**` in a path also matches slashes.
public struct ExcludeRules: Sendable {
    private let names: [String]
    private let paths: [String]
    private let hidden: Bool
    private let screenshots: Bool

    /// From fnmatch.h; Swift does not import both under the feature macros it sets.
    private static let pathName: Int32 = 1

    /// Endings of the formats that can be read.
    private static let suffixes: Set<String> = [
        "jpg", "jpeg", "jpe", "png", "webp", "tif", "tiff", "heic", "heif", "avif", "gif",
    ]

    public init(_ options: FolderOptions) {
        let patterns = options.excludes.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        names = patterns.filter { !$0.contains("/") }
        paths = patterns.filter { $0.contains("/") }.map { $0.hasPrefix("/") ? String($0.dropFirst()) : $0 }
        hidden = options.hidden
        screenshots = options.screenshots
    }

    /// - Throws: `LibraryError` with `invalidPattern`.
    public static func validate(_ patterns: [String]) throws {
        for pattern in patterns where pattern.isEmpty || pattern.utf8.count > 1000 || pattern.utf8.contains(0) {
            throw LibraryError(
                .invalidPattern, "a pattern to exclude is empty or longer than 1000 bytes",
                remedy: "use shell patterns such as '*.gif' or 'scans/**'")
        }
        guard patterns.count <= 100 else {
            throw LibraryError(
                .invalidPattern, "there are more than 100 patterns to exclude", remedy: "use fewer and wider ones")
        }
    }

    /// Whether to go into a folder.
    ///
    /// - Parameter path: relative to the watched folder.
    public func takesFolder(_ path: BytePath) -> Bool {
        if !hidden, path.name.first == UInt8(ascii: ".") { return false }
        if !screenshots, Self.lowercased(path.name) == "screenshots" { return false }
        return !isExcluded(path)
    }

    /// Whether a file may be an image that is wanted, by its name.
    public func takesFile(_ path: BytePath) -> Bool {
        let name = path.name
        if !hidden, name.first == UInt8(ascii: ".") { return false }
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")),
            Self.suffixes.contains(Self.lowercased(name[(dot + 1)...]))
        else { return false }
        if !screenshots, Self.lowercased(name.prefix(10)) == "screenshot" { return false }
        return !isExcluded(path)
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).lowercased()
    }

    private func isExcluded(_ path: BytePath) -> Bool {
        guard !(names.isEmpty && paths.isEmpty) else { return false }
        return BytePath(path.name).withCString { name in names.contains { fnmatch($0, name, 0) == 0 } }
            || path.withCString { whole in
                paths.contains { fnmatch($0, whole, $0.contains("**") ? 0 : Self.pathName) == 0 }
            }
    }
}
