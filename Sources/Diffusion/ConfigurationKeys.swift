/// Any value of a JSON configuration.
enum ConfigurationValue: Decodable, Equatable, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral
{
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([ConfigurationValue])
    case object

    init(booleanLiteral value: Bool) { self = .boolean(value) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(stringLiteral value: String) { self = .text(value) }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([ConfigurationValue].self) {
            self = .list(value)
        } else {
            self = .object
        }
    }
}

/// The keys of a published configuration that are not built here. A file may hold them as long as they ask for
/// nothing: a key that changes what the model computes and is passed over would give wrong pictures without a word.
struct ForeignKeys {
    /// Keys and the value at which they change nothing.
    let neutral: [String: ConfigurationValue]
    /// Keys that never change what is computed here.
    let ignored: Set<String>

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// - Parameter known: the keys that the caller reads itself.
    /// - Throws: `DecodingError` naming the first key that asks for something.
    func check(_ decoder: any Decoder, known: some Sequence<String>) throws {
        let container = try decoder.container(keyedBy: Key.self), known = Set(known)
        for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
            let name = key.stringValue
            guard !known.contains(name), !ignored.contains(name), !name.hasPrefix("_") else { continue }
            let value = try container.decode(ConfigurationValue.self, forKey: key)
            guard isNeutral(value, neutral[name]) else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath + [key], debugDescription: "not supported"))
            }
        }
    }

    private func isNeutral(_ value: ConfigurationValue, _ neutral: ConfigurationValue?) -> Bool {
        if case .list(let values) = value { return !values.isEmpty && values.allSatisfy { isNeutral($0, neutral) } }
        return value == .null || value == (neutral ?? false)
    }
}
