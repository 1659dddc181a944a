/// One complete D-Bus type, as a tree instead of a signature string.
///
/// ```swift
/// try BusType.parse("a{sv}") == [.dictionary(key: .string, value: .variant)]
/// BusType.array(.unixFD).signature == "ah"
/// ```
public indirect enum BusType: Sendable, Hashable {
    case byte, bool, int16, uint16, int32, uint32, int64, uint64, double
    case string, objectPath, signature, unixFD
    case array(BusType)
    case dictionary(key: BusType, value: BusType)
    case structure([BusType])
    case variant

    /// `a{sv}`: the options at the end of every method.
    public static let options: BusType = .dictionary(key: .string, value: .variant)

    /// The type in the notation of the D-Bus specification.
    public var signature: String {
        switch self {
        case .array(let element): "a" + element.signature
        case .dictionary(let key, let value): "a{" + key.signature + value.signature + "}"
        case .structure(let fields): "(" + fields.map(\.signature).joined() + ")"
        case .byte: "y"
        case .bool: "b"
        case .int16: "n"
        case .uint16: "q"
        case .int32: "i"
        case .uint32: "u"
        case .int64: "x"
        case .uint64: "t"
        case .double: "d"
        case .string: "s"
        case .objectPath: "o"
        case .signature: "g"
        case .unixFD: "h"
        case .variant: "v"
        }
    }

    /// The signature of several values after each other.
    public static func signature(of types: [BusType]) -> String {
        types.map(\.signature).joined()
    }

    /// Parses zero or more complete types.
    ///
    /// - Throws: `BusError` with code `invalidValue` where `signature` is not one.
    public static func parse(_ signature: String) throws -> [BusType] {
        var parser = BusSignatureParser(signature)
        return try parser.all()
    }

    /// Whether the type may be the key of a dictionary.
    var isBasic: Bool {
        switch self {
        case .array, .dictionary, .structure, .variant: false
        default: true
        }
    }
}

/// A recursive-descent reader of signatures, with the depth limit of the specification.
private struct BusSignatureParser {
    private let text: String
    private var rest: Substring.UnicodeScalarView
    private var depth = 0

    init(_ signature: String) {
        text = signature
        rest = Substring(signature).unicodeScalars
    }

    mutating func all() throws -> [BusType] {
        var types: [BusType] = []
        while !rest.isEmpty { types.append(try one()) }
        return types
    }

    private var malformed: BusError {
        BusError(.invalidValue, "'\(text)' is not a D-Bus signature", remedy: "write complete types such as a{sv}")
    }

    private mutating func one() throws -> BusType {
        guard let scalar = rest.popFirst() else { throw malformed }
        switch scalar {
        case "y": return .byte
        case "b": return .bool
        case "n": return .int16
        case "q": return .uint16
        case "i": return .int32
        case "u": return .uint32
        case "x": return .int64
        case "t": return .uint64
        case "d": return .double
        case "s": return .string
        case "o": return .objectPath
        case "g": return .signature
        case "h": return .unixFD
        case "v": return .variant
        case "a", "(":
            depth += 1
            defer { depth -= 1 }
            guard depth <= 32 else { throw malformed }
            return scalar == "a" ? try arrayOrDictionary() : try structure()
        default: throw malformed
        }
    }

    private mutating func arrayOrDictionary() throws -> BusType {
        guard rest.first == "{" else { return .array(try one()) }
        rest.removeFirst()
        let key = try one()
        let value = try one()
        guard key.isBasic, rest.popFirst() == "}" else { throw malformed }
        return .dictionary(key: key, value: value)
    }

    private mutating func structure() throws -> BusType {
        var fields: [BusType] = []
        while rest.first != ")" { fields.append(try one()) }
        rest.removeFirst()
        guard !fields.isEmpty else { throw malformed }
        return .structure(fields)
    }
}
