/// Byte pair encoding of words (Sennrich et al. 2016), over bytes written as printable characters, as GPT-2 and CLIP
/// have it: no text is without tokens.
struct BytePairEncoding: Sendable, Equatable {
    /// What the last symbol of a word ends with.
    static let wordEnd = "</w>"

    struct Pair: Hashable, Sendable {
        let first: String, second: String
    }

    /// Merges, the earliest first.
    let merges: [Pair]
    private let ranks: [Pair: Int]

    init(merges: [Pair]) {
        self.merges = merges
        ranks = Dictionary(merges.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The symbols that a word starts as: its bytes, the last one marked.
    static func symbols(of word: String) -> [String] {
        var symbols = word.utf8.map { characters[Int($0)] }
        if let last = symbols.popLast() { symbols.append(last + wordEnd) }
        return symbols
    }

    /// The word as tokens: the pair of lowest rank is merged wherever it stands, until none is left.
    func tokens(of word: String) -> [String] {
        var symbols = Self.symbols(of: word)
        while symbols.count > 1 {
            let best = zip(symbols, symbols.dropFirst()).compactMap { pair in ranks[Pair(first: pair.0, second: pair.1)]
            }
            .min()
            guard let best else { break }
            symbols = Self.merged(symbols, merges[best])
        }
        return symbols
    }

    /// The symbols with every occurrence of a pair joined, from the left.
    static func merged(_ symbols: [String], _ pair: Pair) -> [String] {
        var result: [String] = [], i = 0
        while i < symbols.count {
            if i + 1 < symbols.count, symbols[i] == pair.first, symbols[i + 1] == pair.second {
                result.append(pair.first + pair.second)
                i += 2
            } else {
                result.append(symbols[i])
                i += 1
            }
        }
        return result
    }

    /// Learns merges from words and how often they stand in a text.
    ///
    /// The most frequent pair is merged first; of equally frequent ones the one that comes first by its bytes, so that
    /// the same text gives the same merges everywhere.
    /// - Parameter count: how many at most; fewer when no pair stands twice.
    init(learningFrom words: [String: Int], count: Int) {
        var spelled = words.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { (symbols: Self.symbols(of: $0.key), count: $0.value) }
        var merges: [Pair] = []
        while merges.count < count {
            var frequencies: [Pair: Int] = [:]
            for word in spelled {
                for (first, second) in zip(word.symbols, word.symbols.dropFirst()) {
                    frequencies[Pair(first: first, second: second), default: 0] += word.count
                }
            }
            let best = frequencies.min { a, b in
                if a.value != b.value { return a.value > b.value }
                if a.key.first != b.key.first {
                    return a.key.first.utf8.lexicographicallyPrecedes(b.key.first.utf8)
                }
                return a.key.second.utf8.lexicographicallyPrecedes(b.key.second.utf8)
            }
            guard let best, best.value > 1 else { break }
            merges.append(best.key)
            for i in spelled.indices { spelled[i].symbols = Self.merged(spelled[i].symbols, best.key) }
        }
        self.init(merges: merges)
    }

    /// The character that stands for each byte: itself where it is printable, else one from 256 on.
    static let characters: [String] = {
        var next: UInt32 = 256
        return (0..<256).map { byte in
            let printable = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            defer { if !printable { next += 1 } }
            return Unicode.Scalar(printable ? UInt32(byte) : next).map { String(Character($0)) } ?? ""
        }
    }()

    /// The bytes in the order in which CLIP numbers them: printable ones first.
    static let alphabet: [String] = {
        let printable =
            (33...126).map { characters[$0] } + (161...172).map { characters[$0] }
            + (174...255).map { characters[$0] }
        return printable
            + characters.filter { character in
                character.unicodeScalars.first.map { $0.value >= 256 } ?? false
            }
    }()
}
