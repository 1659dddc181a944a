/// One value of any D-Bus type.
///
/// A value knows its full type even when it is an empty container, so that what is written to a message never depends
/// on its content. Text and numbers are plain Swift values; a file descriptor is owned (see ``BusFileDescriptor``).
public indirect enum BusValue: Sendable, Equatable {
    case byte(UInt8), bool(Bool)
    case int16(Int16), uint16(UInt16), int32(Int32), uint32(UInt32), int64(Int64), uint64(UInt64)
    case double(Double)
    case string(String)
    case objectPath(BusObjectPath)
    case signature(String)
    case unixFD(BusFileDescriptor)
    /// `ay`, without one enum per byte.
    case bytes([UInt8])
    case array(of: BusType, [BusValue])
    case dictionary(key: BusType, value: BusType, [Entry])
    case structure([BusValue])
    case variant(BusValue)

    /// One key and its value, in the order of the message.
    public struct Entry: Sendable, Equatable {
        public var key: BusValue
        public var value: BusValue

        public init(_ key: BusValue, _ value: BusValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value's complete type.
    public var type: BusType {
        switch self {
        case .byte: .byte
        case .bool: .bool
        case .int16: .int16
        case .uint16: .uint16
        case .int32: .int32
        case .uint32: .uint32
        case .int64: .int64
        case .uint64: .uint64
        case .double: .double
        case .string: .string
        case .objectPath: .objectPath
        case .signature: .signature
        case .unixFD: .unixFD
        case .bytes: .array(.byte)
        case .array(let element, _): .array(element)
        case .dictionary(let key, let value, _): .dictionary(key: key, value: value)
        case .structure(let fields): .structure(fields.map(\.type))
        case .variant: .variant
        }
    }

    /// An `a{sv}` with its keys in order, so that equal options make equal messages.
    public static func options(_ options: [String: BusValue]) -> BusValue {
        let entries = options.sorted { $0.key < $1.key }.map { Entry(.string($0.key), .variant($0.value)) }
        return .dictionary(key: .string, value: .variant, entries)
    }

    /// The content of an `a{sv}` with its variants opened; nil where the value is of another type.
    ///
    /// Of a key that comes twice the last one counts, as in every other binding.
    public var options: [String: BusValue]? {
        guard case .dictionary(.string, .variant, let entries) = self else { return nil }
        var result: [String: BusValue] = [:]
        for entry in entries {
            guard case .string(let key) = entry.key, case .variant(let value) = entry.value else { return nil }
            result[key] = value
        }
        return result
    }
}

/// A path such as `/org/refinecontrol/Refine1`.
public struct BusObjectPath: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { rawValue }
}
