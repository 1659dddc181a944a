import Diffusion
import Foundation
import Layers
import Testing

@Suite("CLIPTokenizer")
struct CLIPTokenizerTests {
    private struct Encoded: Decodable {
        var text: String, tokens: [Int]
    }

    private func path(_ file: String = "") throws -> String {
        let fixtures = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        return fixtures.appendingPathComponent("tokenizer").path + file
    }

    @Test("tokens agree with transformers")
    func parity() throws {
        let tokenizer = try CLIPTokenizer(directory: path(), longest: 77)
        #expect(tokenizer.length == 24)
        let data = try Data(contentsOf: URL(fileURLWithPath: path("/encoded.json")))
        let all = try JSONDecoder().decode([Encoded].self, from: data)
        #expect(all.count > 20)
        for encoded in all { #expect(tokenizer.encode(encoded.text) == encoded.tokens, "\(encoded.text)") }
    }

    private static let captions = [
        "a red brick wall", "several red bricks in front of a wooden wall", "a red disc, with brick and wood, blurred",
    ]

    @Test("a trained vocabulary has a token for each word that stands often, and is the same each time")
    func trained() {
        let captions = Self.captions
        let tokenizer = CLIPTokenizer.trained(on: captions, vocabularySize: 540, length: 12)
        #expect(tokenizer == CLIPTokenizer.trained(on: captions, vocabularySize: 540, length: 12))
        #expect(tokenizer.vocabulary.count <= 540)
        #expect(Set(tokenizer.vocabulary.values) == Set(0..<tokenizer.vocabulary.count))
        let tokens = tokenizer.encode("A Red wall")
        #expect(tokens.count == 12)
        #expect(Set(tokens[5...]) == [tokens[4]], "start, three words, then ends")
        #expect(tokens[2] == tokenizer.vocabulary["red</w>"] && tokens[3] == tokenizer.vocabulary["wall</w>"])
    }

    @Test("words that the captions lack are unknown, each once, whatever their case")
    func unknownWords() {
        let tokenizer = CLIPTokenizer.trained(on: Self.captions, vocabularySize: 540, length: 12)
        #expect(tokenizer.unknownWords(in: "a RED wall, with Bricks!") == [])
        #expect(
            tokenizer.unknownWords(in: "a Dragon before 2 dragons and a dragon: Wall-e")
                == ["dragon", "before", "2", "dragons", "e"])
        #expect(tokenizer.unknownWords(in: "") == [])
    }

    @Test("what is written is read again")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let tokenizer = CLIPTokenizer.trained(on: Self.captions, vocabularySize: 540, length: 12)
        try tokenizer.write(to: folder.path)
        #expect(try CLIPTokenizer(directory: folder.path, longest: 77) == tokenizer)
        // The encoder's limit holds where it is the smaller one.
        #expect(try CLIPTokenizer(directory: folder.path, longest: 8).encode("a red wall").count == 8)
        try FileManager.default.removeItem(atPath: "\(folder.path)/words.txt")
        let unknowing = try CLIPTokenizer(directory: folder.path, longest: 77)
        #expect(unknowing.words == nil && unknowing.unknownWords(in: "dragon") == [])
    }

    /// File, what is written into it (nil: it is removed), code.
    private static let damages: [(String, String?, ModelError.Code)] = [
        ("vocab.json", nil, .missingFile), ("vocab.json", "{", .badConfiguration),
        ("vocab.json", "{}", .badConfiguration), ("vocab.json", #"{"a": 1, "b": 1}"#, .badConfiguration),
        ("vocab.json", #"{"a": -1}"#, .badConfiguration), ("merges.txt", nil, .missingFile),
        ("merges.txt", "a b c\n", .badConfiguration), ("merges.txt", "q q\n", .badConfiguration),
        ("tokenizer_config.json", nil, .missingFile),
        ("tokenizer_config.json", #"{"tokenizer_class": "T5Tokenizer"}"#, .unsupportedModel),
        ("tokenizer_config.json", #"{"pad_token": "<nothing>"}"#, .badConfiguration),
        ("tokenizer_config.json", #"{"model_max_length": 2}"#, .badConfiguration),
    ]

    @Test("files that make no tokenizer are refused and named", arguments: damages.indices)
    func damaged(_ i: Int) throws {
        let (file, text, code) = Self.damages[i], folder = try TemporaryFolder()
        try CLIPTokenizer.trained(on: Self.captions, vocabularySize: 540, length: 12).write(to: folder.path)
        let path = "\(folder.path)/\(file)"
        if let text {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        let error = #expect(throws: ModelError.self) { try CLIPTokenizer(directory: folder.path, longest: 77) }
        #expect(error?.code == code)
        if file != "tokenizer_config.json" || text == nil { #expect(error?.place.hasPrefix(folder.path) == true) }
    }
}
