import Glibc

/// The name of a file as the kernel has it: bytes that need not be valid UTF-8 and can hold anything but 0.
public struct BytePath: Hashable, Sendable, Comparable {
    public let bytes: [UInt8]

    private static let slash = UInt8(ascii: "/")

    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    public init(_ text: String) { bytes = Array(text.utf8) }

    public var isEmpty: Bool { bytes.isEmpty }

    /// `a` and `b/c` give `a/b/c`; an empty path gives the other one.
    public func appending(_ other: BytePath) -> BytePath {
        if isEmpty { return other }
        if other.isEmpty { return self }
        return BytePath(bytes + (bytes.last == Self.slash ? [] : [Self.slash]) + other.bytes)
    }

    /// What comes after the last slash.
    public var name: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: Self.slash) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// What comes before the last slash; empty where there is none.
    public var parent: BytePath {
        guard let slash = bytes.lastIndex(of: Self.slash) else { return BytePath("") }
        return BytePath(slash == 0 ? bytes[...0] : bytes[..<slash])
    }

    /// The rest of this path below `folder`, empty for the folder itself; nil where it is not inside.
    public func relative(to folder: BytePath) -> BytePath? {
        if self == folder { return BytePath("") }
        let prefix = folder.bytes.last == Self.slash ? folder.bytes : folder.bytes + [Self.slash]
        guard folder.isEmpty || bytes.starts(with: prefix) else { return nil }
        return folder.isEmpty ? self : BytePath(bytes[prefix.count...])
    }

    /// Absolute, no longer than the kernel takes, without empty, `.` and `..` parts and without a zero byte.
    public var isCanonical: Bool {
        guard bytes.first == Self.slash, !bytes.contains(0), bytes.count < Int(PATH_MAX) else { return false }
        guard bytes.count > 1 else { return true }
        return bytes.dropFirst().split(separator: Self.slash, omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && !$0.elementsEqual([UInt8(ascii: ".")])
                && !$0.elementsEqual([UInt8(ascii: "."), UInt8(ascii: ".")])
        }
    }

    public static func < (left: BytePath, right: BytePath) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// Calls `body` with the path as C takes it.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try (bytes + [0]).withUnsafeBufferPointer { buffer in
            // An array of one byte or more has a base address.
            try buffer.withMemoryRebound(to: CChar.self) { try body($0.baseAddress!) }
        }
    }

    /// The path with all links resolved; nil, with `errno`, where it is not there.
    public func resolved() -> BytePath? {
        guard let path = withCString({ realpath($0, nil) }) else { return nil }
        defer { free(path) }
        return BytePath(UnsafeRawBufferPointer(start: path, count: strlen(path)))
    }
}
