/// A number for each resolution level, finest first, or one for all: diffusers' configurations write either.
public struct PerLevel: Codable, Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// One number, or one for each level.
    public let numbers: [Int]

    public init(integerLiteral value: Int) { numbers = [value] }
    public init(arrayLiteral elements: Int...) { numbers = elements }
    public init(_ numbers: [Int]) { self.numbers = numbers }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let one = try? container.decode(Int.self) {
            numbers = [one]
        } else {
            numbers = try container.decode([Int].self)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if numbers.count == 1 {
            try container.encode(numbers[0])
        } else {
            try container.encode(numbers)
        }
    }

    /// Whether there is a number for each of `levels`.
    func covers(_ levels: Int) -> Bool { numbers.count == 1 || numbers.count == levels }

    /// The number of a level, which `covers` must have said is there.
    public subscript(level: Int) -> Int { numbers.count == 1 ? numbers[0] : numbers[level] }
}
