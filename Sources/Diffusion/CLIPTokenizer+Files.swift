import Foundation
import Layers

extension CLIPTokenizer {
    private enum File {
        static let vocabulary = "vocab.json"
        static let merges = "merges.txt"
        static let configuration = "tokenizer_config.json"
        static let special = "special_tokens_map.json"
        static let words = "words.txt"
    }

    /// The files of a tokenizer as they are copied from one model to the next.
    public static let fileNames = [File.vocabulary, File.merges, File.configuration, File.special, File.words]

    /// What is read of `tokenizer_config.json` and `special_tokens_map.json`.
    private struct Configuration: Codable {
        var tokenizerClass: String?
        var padToken: Special?
        var modelMaxLength: Double?

        enum CodingKeys: String, CodingKey {
            case tokenizerClass = "tokenizer_class"
            case padToken = "pad_token"
            case modelMaxLength = "model_max_length"
        }
    }

    /// A token's text, by itself or with its properties.
    private struct Special: Codable {
        var content: String

        init(_ content: String) { self.content = content }

        private enum CodingKeys: String, CodingKey { case content }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                content = text
            } else {
                content = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .content)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(content)
        }
    }

    /// Reads a tokenizer's folder: `vocab.json`, `merges.txt`, `tokenizer_config.json`, and where they are there
    /// `special_tokens_map.json` and `words.txt`, which has a line for every word that the model was trained with.
    /// - Parameters:
    ///   - directory: the folder.
    ///   - longest: tokens that the text encoder takes; texts get no longer than that.
    /// - Throws: `ModelError` naming the file.
    public init(directory: String, longest: Int) throws {
        func path(_ file: String) -> String { "\(directory)/\(file)" }
        let vocabulary = try ModelFolder.decode([String: Int].self, directory, File.vocabulary)
        guard Set(vocabulary.values).count == vocabulary.count, vocabulary.values.allSatisfy({ $0 >= 0 }) else {
            throw ModelError(.badConfiguration, at: path(File.vocabulary), "two tokens have one number")
        }
        let configuration = try ModelFolder.decode(Configuration.self, directory, File.configuration)
        if let name = configuration.tokenizerClass, !["CLIPTokenizer", "CLIPTokenizerFast"].contains(name) {
            throw ModelError(
                .unsupportedModel, at: path(File.configuration), "tokenizer \"\(name)\" is not CLIPTokenizer")
        }
        let special =
            FileManager.default.fileExists(atPath: path(File.special))
            ? try ModelFolder.decode(Configuration.self, directory, File.special) : nil
        let padding = (configuration.padToken ?? special?.padToken)?.content ?? Self.end
        let merges = try Self.lines(path(File.merges)).filter { !$0.hasPrefix("#version") }.map { line in
            let parts = line.split(separator: " ")
            guard parts.count == 2 else {
                throw ModelError(.badConfiguration, at: path(File.merges), "a line does not hold two symbols")
            }
            return BytePairEncoding.Pair(first: String(parts[0]), second: String(parts[1]))
        }
        if let lost = merges.first(where: { vocabulary[$0.first + $0.second] == nil }) {
            throw ModelError(
                .badConfiguration, at: path(File.merges), "\"\(lost.first + lost.second)\" is not in \(File.vocabulary)"
            )
        }
        // Files without a limit hold a number beyond every integer.
        let length = min(Int(exactly: (configuration.modelMaxLength ?? .infinity).rounded()) ?? longest, longest)
        let words =
            FileManager.default.fileExists(atPath: path(File.words)) ? Set(try Self.lines(path(File.words))) : nil
        guard length >= 3,
            let tokenizer = CLIPTokenizer(
                vocabulary: vocabulary, encoding: BytePairEncoding(merges: merges), padding: padding, length: length,
                words: words)
        else {
            throw ModelError(
                .badConfiguration, at: path(File.vocabulary),
                "it lacks \(Self.start), \(Self.end) or the padding token, or texts are too short")
        }
        self = tokenizer
    }

    private static func lines(_ path: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ModelError(.missingFile, at: path, "there is no such file")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ModelError(.unreadableFile, at: path, "the file cannot be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ModelError(.damagedFile, at: path, "the file is not UTF-8 text")
        }
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// Writes the folder's files, each replaced atomically.
    /// - Throws: `ModelError` with code `cannotWrite`.
    public func write(to directory: String) throws {
        try ModelFolder.makeDirectory(directory)
        try ModelFolder.encode(vocabulary, directory, File.vocabulary)
        let merges = ["#version: 0.2"] + encoding.merges.map { "\($0.first) \($0.second)" }
        try AtomicFile.write(Data((merges.joined(separator: "\n") + "\n").utf8), to: "\(directory)/\(File.merges)")
        try ModelFolder.encode(
            Configuration(
                tokenizerClass: "CLIPTokenizer", padToken: Special(padding), modelMaxLength: Double(length)),
            directory, File.configuration)
        try ModelFolder.encode(
            ["bos_token": Self.start, "eos_token": Self.end, "unk_token": Self.end, "pad_token": padding], directory,
            File.special)
        guard let words else { return }
        try AtomicFile.write(
            Data(words.sorted().map { $0 + "\n" }.joined().utf8), to: "\(directory)/\(File.words)")
    }
}
