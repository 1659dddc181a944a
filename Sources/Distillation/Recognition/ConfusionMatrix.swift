/// How often each class was taken for each other.
public struct ConfusionMatrix: Sendable, Equatable {
    public let labels: [String]
    /// `counts[expected][found]`
    public private(set) var counts: [[Int]]

    /// - Parameter labels: the classes, without repetition.
    public init(labels: [String]) {
        self.labels = labels
        counts = Array(repeating: Array(repeating: 0, count: labels.count), count: labels.count)
    }

    public mutating func add(expected: Int, found: Int) { counts[expected][found] += 1 }

    public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

    /// The share of samples that were found to be what they are; 0 without samples.
    public var accuracy: Double {
        let right = labels.indices.reduce(0) { $0 + counts[$1][$1] }
        return total > 0 ? Double(right) / Double(total) : 0
    }

    /// The share of each class's samples that were recognised; nil without samples.
    public func recall(_ label: Int) -> Double? {
        let sum = counts[label].reduce(0, +)
        return sum > 0 ? Double(counts[label][label]) / Double(sum) : nil
    }

    /// A table with a line for each class that has samples: how many, how many of them right, and what else they were
    /// taken for, most often first.
    public var markdown: String {
        var lines = ["| material | samples | recognised | taken for |", "|---|---|---|---|"]
        for label in labels.indices {
            guard let recall = recall(label) else { continue }
            let others = labels.indices.filter { $0 != label && counts[label][$0] > 0 }
                .sorted { (counts[label][$0], $1) > (counts[label][$1], $0) }
                .prefix(4).map { "\(labels[$0]) \(counts[label][$0])" }
            lines.append(
                "| \(labels[label]) | \(counts[label].reduce(0, +)) | \(Int((recall * 100).rounded())) % | "
                    + "\(others.joined(separator: ", ")) |")
        }
        lines.append("| **all** | \(total) | \((accuracy * 1000).rounded() / 10) % | |")
        return lines.joined(separator: "\n") + "\n"
    }
}

extension ConfusionMatrix: Encodable {
    private enum CodingKeys: String, CodingKey {
        case labels, counts, accuracy, total
    }

    /// `{"labels", "counts": rows of what was expected, columns of what was found, "accuracy", "total"}`
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(labels, forKey: .labels)
        try container.encode(counts, forKey: .counts)
        try container.encode(accuracy, forKey: .accuracy)
        try container.encode(total, forKey: .total)
    }
}
