/// A Swift type that stands for exactly one D-Bus type.
///
/// Reading is strict: `UInt32(bus: .int32(1))` is nil, because a caller that sends another type than documented has
/// made a mistake that it should hear about.
public protocol BusRepresentable {
    static var busType: BusType { get }
    /// Nil where `value` is of another type.
    init?(bus value: BusValue)
    var busValue: BusValue { get }
}

extension UInt8: BusRepresentable {
    public static var busType: BusType { .byte }
    public init?(bus value: BusValue) {
        guard case .byte(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .byte(self) }
}

extension Bool: BusRepresentable {
    public static var busType: BusType { .bool }
    public init?(bus value: BusValue) {
        guard case .bool(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .bool(self) }
}

extension Int32: BusRepresentable {
    public static var busType: BusType { .int32 }
    public init?(bus value: BusValue) {
        guard case .int32(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .int32(self) }
}

extension UInt32: BusRepresentable {
    public static var busType: BusType { .uint32 }
    public init?(bus value: BusValue) {
        guard case .uint32(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .uint32(self) }
}

extension UInt64: BusRepresentable {
    public static var busType: BusType { .uint64 }
    public init?(bus value: BusValue) {
        guard case .uint64(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .uint64(self) }
}

extension Double: BusRepresentable {
    public static var busType: BusType { .double }
    public init?(bus value: BusValue) {
        guard case .double(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .double(self) }
}

extension String: BusRepresentable {
    public static var busType: BusType { .string }
    public init?(bus value: BusValue) {
        guard case .string(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .string(self) }
}

extension BusObjectPath: BusRepresentable {
    public static var busType: BusType { .objectPath }
    public init?(bus value: BusValue) {
        guard case .objectPath(let content) = value else { return nil }
        self = content
    }
    public var busValue: BusValue { .objectPath(self) }
}

extension Array: BusRepresentable where Element: BusRepresentable {
    public static var busType: BusType { .array(Element.busType) }
    public init?(bus value: BusValue) {
        if case .bytes(let content) = value, Element.self == UInt8.self, let bytes = content as? [Element] {
            self = bytes
            return
        }
        guard case .array(Element.busType, let content) = value else { return nil }
        var elements: [Element] = []
        elements.reserveCapacity(content.count)
        for item in content {
            guard let element = Element(bus: item) else { return nil }
            elements.append(element)
        }
        self = elements
    }
    public var busValue: BusValue {
        // An empty array of anything casts to an empty array of bytes.
        if Element.self == UInt8.self, let bytes = self as? [UInt8] { return .bytes(bytes) }
        return .array(of: Element.busType, map(\.busValue))
    }
}

extension Dictionary: BusRepresentable where Key == String, Value: BusRepresentable {
    public static var busType: BusType { .dictionary(key: .string, value: Value.busType) }
    public init?(bus value: BusValue) {
        guard case .dictionary(.string, Value.busType, let entries) = value else { return nil }
        var result: [String: Value] = [:]
        for entry in entries {
            guard let key = String(bus: entry.key), let content = Value(bus: entry.value) else { return nil }
            result[key] = content
        }
        self = result
    }
    public var busValue: BusValue {
        let entries = sorted { $0.key < $1.key }.map { BusValue.Entry(.string($0.key), $0.value.busValue) }
        return .dictionary(key: .string, value: Value.busType, entries)
    }
}

extension BusValue {
    /// The content as a Swift type; nil where the value is of another D-Bus type.
    public func content<T: BusRepresentable>(as type: T.Type = T.self) -> T? { T(bus: self) }
}

extension BusValue {
    /// The descriptor of an `h`; nil where the value is of another type. It stays owned by the instance that both share.
    public var descriptor: BusFileDescriptor? {
        guard case .unixFD(let descriptor) = self else { return nil }
        return descriptor
    }

    /// The descriptors of an `ah`; nil where the value is of another type.
    public var descriptors: [BusFileDescriptor]? {
        guard case .array(.unixFD, let items) = self else { return nil }
        return items.compactMap(\.descriptor)
    }

    /// An `ah`.
    public static func descriptors(_ descriptors: [BusFileDescriptor]) -> BusValue {
        .array(of: .unixFD, descriptors.map(BusValue.unixFD))
    }
}
