import BusTransport

extension JSON {
    /// Any value of the bus.
    init(_ value: BusValue) {
        switch value {
        case .byte(let number): self = .integer(UInt64(number))
        case .bool(let value): self = .bool(value)
        case .int16(let number): self = .number(Double(number))
        case .uint16(let number): self = .integer(UInt64(number))
        case .int32(let number): self = .number(Double(number))
        case .uint32(let number): self = .integer(UInt64(number))
        case .int64(let number): self = number < 0 ? .number(Double(number)) : .integer(UInt64(number))
        case .uint64(let number): self = .integer(number)
        case .double(let number): self = .number(number)
        case .string(let text), .signature(let text): self = .string(text)
        case .objectPath(let path): self = .string(path.rawValue)
        case .unixFD: self = .string("file")
        case .bytes(let bytes): self = .string(String(decoding: bytes, as: UTF8.self))
        case .array(_, let items), .structure(let items): self = .array(items.map(JSON.init))
        case .dictionary(_, _, let entries):
            self = .object(
                entries.map { entry in
                    if case .string(let key) = entry.key { return (key, JSON(entry.value)) }
                    return (JSON(entry.key).text, JSON(entry.value))
                })
        case .variant(let value): self = JSON(value)
        }
    }

    /// A record of the bus, by name; `held-out` of the bus is `held_out` in JSON.
    init(_ record: [String: BusValue]) {
        self = .object(record.sorted { $0.key < $1.key }.map { (Self.key($0.key), JSON($0.value)) })
    }

    /// The name in JSON of what has this name on the bus.
    static func key(_ name: String) -> String { name.replacing("-", with: "_") }
}
