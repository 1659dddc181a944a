import Foundation

/// CLIP's tokenizer (transformers' `CLIPTokenizer`): lower case, words and signs apart, byte pair encoding, a token for
/// the start and one for the end, filled up to a fixed length.
///
/// ```swift
/// let tokens = tokenizer.encode("a brick wall")  // start, a, brick, wall, end, padding...
/// ```
public struct CLIPTokenizer: Sendable, Equatable {
    static let start = "<|startoftext|>"
    static let end = "<|endoftext|>"

    /// Tokens of every encoded text.
    public let length: Int
    /// Token numbers by their text.
    public let vocabulary: [String: Int]
    let encoding: BytePairEncoding
    let startToken: Int, paddingToken: Int
    /// The token that ends a text.
    public let endToken: Int
    /// The text of `paddingToken`.
    let padding: String
    /// Every word that the model was trained with, in lower case; nil where that is not known.
    public let words: Set<String>?

    init?(
        vocabulary: [String: Int], encoding: BytePairEncoding, padding: String, length: Int, words: Set<String>?
    ) {
        guard let startToken = vocabulary[Self.start], let endToken = vocabulary[Self.end],
            let paddingToken = vocabulary[padding]
        else { return nil }
        self.length = length
        self.vocabulary = vocabulary
        self.encoding = encoding
        self.startToken = startToken
        self.endToken = endToken
        self.paddingToken = paddingToken
        self.padding = padding
        self.words = words
    }

    /// A text as `length` tokens: the start, its tokens as far as they fit, the end, padding.
    public func encode(_ text: String) -> [Int] {
        var tokens = [startToken]
        for word in Self.split(text) where tokens.count < length - 1 {
            // Every byte is in a whole vocabulary; a symbol that is not ends the text for want of a better sense.
            tokens += encoding.tokens(of: word).map { vocabulary[$0] ?? endToken }
        }
        tokens = Array(tokens.prefix(length - 1)) + [endToken]
        return tokens + Array(repeating: paddingToken, count: length - tokens.count)
    }

    /// The words of a text that the model was never trained with, each once, in their order. Empty where the model's
    /// words are not known.
    public func unknownWords(in text: String) -> [String] {
        guard let words else { return [] }
        var seen: Set<String> = []
        return Self.split(text).filter { word in
            word.unicodeScalars.contains { Self.isLetter($0) || Self.isNumber($0) } && !words.contains(word)
                && seen.insert(word).inserted
        }
    }

    /// A tokenizer for a small model: a vocabulary of bytes and of what stands often in `captions`.
    ///
    /// The same captions give the same tokenizer.
    /// - Parameters:
    ///   - captions: what the vocabulary is made of.
    ///   - vocabularySize: tokens at most, at least 514: the bytes, within and at the end of a word, and the two marks.
    ///   - length: tokens of an encoded text.
    public static func trained(on captions: some Sequence<String>, vocabularySize: Int, length: Int) -> CLIPTokenizer {
        let alphabet = BytePairEncoding.alphabet, bytes = alphabet + alphabet.map { $0 + BytePairEncoding.wordEnd }
        precondition(
            vocabularySize >= bytes.count + 2 && length >= 3,
            "Diffusion: a vocabulary of \(vocabularySize) tokens, texts of \(length)")
        var words: [String: Int] = [:]
        for caption in captions {
            for word in split(caption) { words[word, default: 0] += 1 }
        }
        let encoding = BytePairEncoding(learningFrom: words, count: vocabularySize - bytes.count - 2)
        // Two ways to merge may spell one token; it has one number.
        var vocabulary: [String: Int] = [:]
        for token in bytes + encoding.merges.map({ $0.first + $0.second }) + [start, end]
        where vocabulary[token] == nil { vocabulary[token] = vocabulary.count }
        let tokenizer = CLIPTokenizer(
            vocabulary: vocabulary, encoding: encoding, padding: end, length: length, words: Set(words.keys))
        guard let tokenizer else { preconditionFailure("Diffusion: a new vocabulary has its marks") }
        return tokenizer
    }

    /// Words, numbers and signs of a text in lower case: CLIP's pattern
    /// `'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`.
    static func split(_ text: String) -> [String] {
        let scalars = Array(text.precomposedStringWithCanonicalMapping.lowercased().unicodeScalars)
        var words: [String] = [], i = 0
        func run(_ from: Int, while holds: (Unicode.Scalar) -> Bool) -> Int {
            var end = from
            while end < scalars.count, holds(scalars[end]) { end += 1 }
            return end
        }
        while i < scalars.count {
            let scalar = scalars[i]
            var end = i + 1
            if isSpace(scalar) {
                i = end
                continue
            } else if scalar == "'", let contraction = contraction(scalars[i...]) {
                end = i + contraction
            } else if isLetter(scalar) {
                end = run(i, while: isLetter)
            } else if !isNumber(scalar) {
                end = run(i) { !isSpace($0) && !isLetter($0) && !isNumber($0) }
            }
            words.append(String(String.UnicodeScalarView(scalars[i..<end])))
            i = end
        }
        return words
    }

    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    /// The length of the contraction that a text begins with.
    private static func contraction(_ scalars: ArraySlice<Unicode.Scalar>) -> Int? {
        contractions.first { scalars.starts(with: $0) }?.count
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }
}
