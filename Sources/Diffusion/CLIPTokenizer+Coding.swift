/// A tokenizer in one piece, as run folders keep it; models have the files of `write(to:)`.
extension CLIPTokenizer: Codable {
    private enum CodingKeys: String, CodingKey {
        case vocabulary
        case merges
        case padding
        case length
        case words
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(vocabulary, forKey: .vocabulary)
        try container.encode(encoding.merges.map { [$0.first, $0.second] }, forKey: .merges)
        try container.encode(padding, forKey: .padding)
        try container.encode(length, forKey: .length)
        try container.encodeIfPresent(words?.sorted(), forKey: .words)
    }

    /// - Throws: `DecodingError`, also when the parts do not make a tokenizer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let vocabulary = try container.decode([String: Int].self, forKey: .vocabulary)
        let merges = try container.decode([[String]].self, forKey: .merges)
        let length = try container.decode(Int.self, forKey: .length)
        let words = try container.decodeIfPresent([String].self, forKey: .words)
        guard length >= 3, vocabulary.values.allSatisfy({ $0 >= 0 }),
            merges.allSatisfy({ $0.count == 2 && vocabulary[$0[0] + $0[1]] != nil }),
            let tokenizer = CLIPTokenizer(
                vocabulary: vocabulary,
                encoding: BytePairEncoding(merges: merges.map { .init(first: $0[0], second: $0[1]) }),
                padding: try container.decode(String.self, forKey: .padding), length: length, words: words.map(Set.init)
            )
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .vocabulary, in: container, debugDescription: "these are not the parts of a tokenizer")
        }
        self = tokenizer
    }
}
