import Foundation
import Layers

/// Pictures of materials that a prompt calls up by name: the `texture_memory` of a model folder.
///
/// A small network learns which colours a word means, but not what bricks look like: in one step it answers with the
/// mean of all walls that it has seen. So what a material looks like is kept, not learnt, and looked up when a prompt
/// names it, as in Blattmann et al., "Retrieval-augmented diffusion models" (2022). The folder holds `config.json` and
/// `textures.safetensors`, whose tensors "NAME.0", "NAME.1", ... are square pictures [size, size, 3] of bytes. They
/// are read when they are asked for and take no memory before. The component is ours; diffusers has none.
public struct TextureMemory: Sendable {
    /// One material.
    public struct Material: Codable, Sendable, Equatable {
        public var name: String
        /// What people write when they mean it; articles and plurals make no difference.
        public var phrases: [String]
        /// What they may also write and the network was never told: it hears `name` in its place. Nil for nothing.
        public var synonyms: [String]?
        /// How many pictures of it there are.
        public var count: Int

        public init(name: String, phrases: [String], synonyms: [String] = [], count: Int) {
            (self.name, self.phrases, self.count) = (name, phrases, count)
            self.synonyms = synonyms.isEmpty ? nil : synonyms
        }

        /// Whether a name is one of its phrases.
        public func goes(by name: String) -> Bool {
            let words = Phrase(name).words
            return phrases.contains { Phrase($0).words == words }
        }

        fileprivate var tensors: [String] { (0..<count).map { "\(name).\($0)" } }
    }

    /// The `config.json`.
    public struct Configuration: Codable, Sendable, Equatable {
        public var className = "TextureMemory"
        /// Side of the pictures in pixels.
        public var size: Int
        public var materials: [Material]
        /// Words that say which colour the material shall have.
        public var colours: [String]

        public init(size: Int, materials: [Material], colours: [String] = []) {
            (self.size, self.materials, self.colours) = (size, materials, colours)
        }

        enum CodingKeys: String, CodingKey {
            case className = "_class_name"
            case size, materials, colours
        }

        fileprivate func validate(origin: String) throws {
            func wrong(_ problem: String) -> ModelError { ModelError(.badConfiguration, at: origin, problem) }
            guard className == "TextureMemory" else {
                throw ModelError(.unsupportedModel, at: origin, "class \"\(className)\" is not TextureMemory")
            }
            guard TextureMemory.sizes.contains(size) else { throw wrong("size is \(size)") }
            guard Set(materials.map(\.name)).count == materials.count else {
                throw wrong("two materials have one name")
            }
            for material in materials {
                guard (1...TextureMemory.mostPictures).contains(material.count) else {
                    throw wrong("\"\(material.name)\" has count \(material.count)")
                }
                let all = material.phrases + (material.synonyms ?? [])
                guard !material.phrases.isEmpty, all.allSatisfy({ !Phrase($0).words.isEmpty }) else {
                    throw wrong("\"\(material.name)\" has a phrase without a word, or none")
                }
            }
        }
    }

    /// Sides that pictures may have.
    public static let sizes = 64...512
    /// Pictures of one material, at most.
    public static let mostPictures = 64

    static let folder = "texture_memory"
    private static let settings = "\(folder)/config.json"
    private static let pictures = "\(folder)/textures.safetensors"

    public let configuration: Configuration
    private let path: String

    /// The memory of a model folder; nil for a model without one.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public init?(of directory: String) throws {
        guard FileManager.default.fileExists(atPath: "\(directory)/\(Self.folder)") else { return nil }
        configuration = try ModelFolder.decode(Configuration.self, directory, Self.settings)
        try configuration.validate(origin: "\(directory)/\(Self.settings)")
        path = "\(directory)/\(Self.pictures)"
        let shapes = try Safetensors.readBytes(path, of: []).shapes
        let expected = [configuration.size, configuration.size, 3]
        for name in configuration.materials.flatMap(\.tensors) {
            guard let shape = shapes[name] else {
                throw ModelError(.missingWeight, at: path, "there is no tensor \"\(name)\"")
            }
            guard shape == expected else {
                throw ModelError(.wrongShape, at: path, "tensor \"\(name)\" is \(shape), not \(expected)")
            }
        }
    }

    /// What a prompt calls up: the pictures of the material that it names with most words, of several the first.
    /// - Returns: nil where it names none.
    /// - Throws: `ModelError` where the pictures cannot be read.
    public func textures(for prompt: String) throws -> PromptedTextures? {
        guard let material = mention(in: prompt)?.material else { return nil }
        let bytes = try Safetensors.readBytes(path, of: material.tensors).bytes
        let size = configuration.size
        let colours = Set(configuration.colours.flatMap { Phrase($0).words })
        return PromptedTextures(
            material: material.name, size: size,
            pictures: material.tensors.compactMap { bytes[$0].flatMap { $0.count == 3 * size * size ? $0 : nil } },
            namesColour: !colours.isDisjoint(with: Phrase(prompt).words))
    }

    /// A prompt as the network may understand it: with the name of the material in the place of a synonym.
    public func spoken(_ prompt: String) -> String {
        guard let mention = mention(in: prompt), mention.isSynonym else { return prompt }
        let written = Phrase(prompt).written
        let rest = written[(mention.place + mention.length)...]
        return (written[..<mention.place] + [mention.material.name] + rest).joined(separator: " ")
    }

    /// Whether a word belongs to what a prompt calls a material by, so that it is understood.
    func explains(_ word: String, in prompt: String) -> Bool {
        guard let mention = mention(in: prompt) else { return false }
        let words = Phrase(prompt).words[mention.place..<(mention.place + mention.length)]
        return Phrase(word).words.allSatisfy(words.contains)
    }

    private struct Mention {
        var material: Material
        var isSynonym: Bool
        /// Among the prompt's words.
        var place: Int
        var length: Int
    }

    private func mention(in prompt: String) -> Mention? {
        let words = Phrase(prompt).words
        var found: Mention?
        for material in configuration.materials {
            let names = material.phrases.map { ($0, false) } + (material.synonyms ?? []).map { ($0, true) }
            for (name, isSynonym) in names {
                let phrase = Phrase(name)
                guard let place = phrase.place(in: words) else { continue }
                let length = phrase.words.count
                if let best = found, (best.length, place) >= (length, best.place) { continue }
                found = Mention(material: material, isSynonym: isSynonym, place: place, length: length)
            }
        }
        return found
    }

    /// Writes the memory of a model folder and takes the place of the one that it has.
    /// - Parameters:
    ///   - directory: the model's folder.
    ///   - configuration: of the memory.
    ///   - pictures: of each material, by its name: `[size, size, 3]` each, as many as its count.
    ///   - provenance: what made them, for those who come after.
    /// - Throws: `ModelError` with code `cannotWrite`, or for a configuration that could not be read again.
    public static func write(
        to directory: String, _ configuration: Configuration, pictures: [String: [[UInt8]]],
        provenance: [String: String]
    ) throws {
        try configuration.validate(origin: "\(directory)/\(settings)")
        let shape = [configuration.size, configuration.size, 3]
        var tensors: [String: (shape: [Int], values: [UInt8])] = [:]
        for material in configuration.materials {
            let own = pictures[material.name] ?? []
            precondition(own.count == material.count, "Diffusion: \(own.count) pictures of \(material)")
            for (name, values) in zip(material.tensors, own) { tensors[name] = (shape, values) }
        }
        try ModelFolder.makeDirectory("\(directory)/\(folder)")
        try Safetensors.writeBytes(tensors, to: "\(directory)/\(Self.pictures)", metadata: provenance)
        try ModelFolder.encode(configuration, directory, settings)
    }
}

/// What a prompt calls up from a ``TextureMemory``.
public struct PromptedTextures: Sendable, Equatable {
    /// The name of the material.
    public let material: String
    /// Side of the pictures in pixels.
    public let size: Int
    /// `[size, size, 3]` each, sRGB; at least one.
    public let pictures: [[UInt8]]
    /// Whether the prompt says which colour it shall have.
    public let namesColour: Bool

    public init(material: String, size: Int, pictures: [[UInt8]], namesColour: Bool) {
        precondition(
            !pictures.isEmpty && pictures.allSatisfy { $0.count == 3 * size * size },
            "Diffusion: pictures of another size than \(size)")
        (self.material, self.size, self.pictures) = (material, size, pictures)
        self.namesColour = namesColour
    }
}

/// The words of a text that matter for looking it up: in small letters, without articles, all in the singular.
private struct Phrase {
    /// As somebody wrote them, but in small letters and without articles.
    let written: [String]
    let words: [String]

    init(_ text: String) {
        written = text.lowercased().split { !$0.isLetter }.map(String.init)
            .filter { !["a", "an", "the", "some"].contains($0) }
        words = written.map { $0.count > 3 && $0.hasSuffix("s") ? String($0.dropLast()) : $0 }
    }

    /// Where all its words follow each other.
    func place(in text: [String]) -> Int? {
        guard !words.isEmpty, words.count <= text.count else { return nil }
        return (0...(text.count - words.count)).first { text[$0..<($0 + words.count)].elementsEqual(words) }
    }
}
