import Glibc

/// Paths from the command line as bytes: file names need not be valid UTF-8, and Swift's arguments are repaired.
enum RawPath {
    /// The bytes of an argument.
    static func bytes(_ argument: String) -> [UInt8] {
        for index in 1..<max(Int(CommandLine.argc), 1) {
            guard let raw = CommandLine.unsafeArgv[index] else { continue }
            let bytes = UnsafeRawBufferPointer(start: raw, count: strlen(raw))
            if String(decoding: bytes, as: UTF8.self) == argument { return Array(bytes) }
        }
        return Array(argument.utf8)
    }

    /// The absolute path with all links resolved. Of a file that is gone, the folder that it was in is resolved, as far
    /// as that is there.
    ///
    /// - Throws: `Failure` where there is no working folder.
    static func absolute(_ argument: String) throws -> [UInt8] {
        let path = bytes(argument)
        if let resolved = resolve(path) { return resolved }
        var whole = path
        if path.first != UInt8(ascii: "/") {
            guard let folder = getcwd(nil, 0) else {
                throw Failure.file(
                    Failure.Code.noInput, "cannot use", argument, errno, hint: "give the full path")
            }
            defer { free(folder) }
            whole = Array(UnsafeRawBufferPointer(start: folder, count: strlen(folder))) + [UInt8(ascii: "/")] + path
        }
        var parts = whole.split(separator: UInt8(ascii: "/")).filter { $0 != [46] }[...]
        var rest: [ArraySlice<UInt8>] = []
        while let last = parts.popLast() {
            rest.insert(last, at: 0)
            if let folder = resolve(joined(parts)) { return (folder == [47] ? [] : folder) + joined(rest[...]) }
        }
        return whole
    }

    /// A path for a terminal: what would not show is escaped as a shell does it.
    static func shown(_ path: [UInt8]) -> String {
        let text = String(decoding: path, as: UTF8.self)
        let isPlain = Array(text.utf8) == path && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        guard !isPlain else { return text }
        let escaped = path.map { byte -> String in
            switch byte {
            case 10: "\\n"
            case 9: "\\t"
            case 39, 92: "\\" + String(UnicodeScalar(byte))
            case 32..<127: String(UnicodeScalar(byte))
            default: "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return "$'" + escaped.joined() + "'"
    }

    private static func joined(_ parts: ArraySlice<ArraySlice<UInt8>>) -> [UInt8] {
        parts.isEmpty ? [47] : parts.flatMap { [47] + $0 }
    }

    private static func resolve(_ path: [UInt8]) -> [UInt8]? {
        (path + [0]).withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { pointer -> [UInt8]? in
                guard let start = pointer.baseAddress, let resolved = realpath(start, nil) else { return nil }
                defer { free(resolved) }
                return Array(UnsafeRawBufferPointer(start: resolved, count: strlen(resolved)))
            }
        }
    }
}
