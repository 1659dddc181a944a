import Diffusion
import Foundation
import Layers
import Testing

@Suite("Texture memory")
struct TextureMemoryTests {
    private static let size = 64

    /// A memory whose pictures have one value each: 10 times the material's number plus the picture's.
    private func write(_ names: [(name: String, phrases: [String])], to folder: String) throws {
        var pictures: [String: [[UInt8]]] = [:]
        for (number, material) in names.enumerated() {
            pictures[material.name] = (0..<2).map { [UInt8](repeating: UInt8(10 * number + $0), count: 3 * 64 * 64) }
        }
        let configuration = TextureMemory.Configuration(
            size: Self.size,
            materials: names.map { TextureMemory.Material(name: $0.name, phrases: $0.phrases, count: 2) },
            colours: ["red", "dark gray"])
        try TextureMemory.write(to: folder, configuration, pictures: pictures, provenance: ["command": "test"])
    }

    private func memory(in folder: TemporaryFolder) throws -> TextureMemory {
        try write(
            [
                ("a brick wall", ["a brick wall", "bricks"]), ("moss", ["moss", "moss on earth"]),
                ("stone", ["a stone wall", "stones"]), ("sky", ["the sky"]),
            ], to: folder.path)
        return try #require(try TextureMemory(of: folder.path))
    }

    @Test(arguments: [
        ("a brick wall", "a brick wall"), ("An old BRICK, red.", "a brick wall"), ("brick walls", "a brick wall"),
        ("moss and bricks", "moss"), ("bricks and moss", "a brick wall"), ("bricks under moss on the earth", "moss"),
        ("a wall of stone", "stone"),
        ("a blue sky", "sky"), ("some mosses", nil), ("a wall", nil), ("", nil), ("skyline", nil), ("!?", nil),
    ])
    func thePhraseWithMostWordsIsFoundAndOfSeveralTheFirst(prompt: String, expected: String?) throws {
        let folder = try TemporaryFolder()
        #expect(try memory(in: folder).textures(for: prompt)?.material == expected)
    }

    @Test func aPromptGetsThePicturesOfItsMaterialAndWhetherItNamesAColour() throws {
        let folder = try TemporaryFolder(), memory = try memory(in: folder)
        let moss = try #require(try memory.textures(for: "moss"))
        #expect(moss.size == Self.size && moss.pictures.map(\.first) == [10, 11] && !moss.namesColour)
        #expect(try memory.textures(for: "red moss")?.namesColour == true)
        #expect(try memory.textures(for: "dark moss")?.namesColour == true)
    }

    @Test func theNetworkHearsTheNameInThePlaceOfASynonym() throws {
        let folder = try TemporaryFolder()
        try TextureMemory.write(
            to: folder.path,
            TextureMemory.Configuration(
                size: 64,
                materials: [
                    TextureMemory.Material(
                        name: "pavement", phrases: ["pavement", "paving stones"], synonyms: ["cobblestones"], count: 1)
                ]), pictures: ["pavement": [[UInt8](repeating: 9, count: 3 * 64 * 64)]], provenance: [:])
        let memory = try #require(try TextureMemory(of: folder.path))
        #expect(try memory.textures(for: "Old cobblestones!")?.material == "pavement")
        #expect(memory.spoken("The old, grey Cobblestones in rain") == "old grey pavement in rain")
        #expect(memory.spoken("Old paving stones!") == "Old paving stones!")
        #expect(memory.spoken("a wall") == "a wall")
    }

    @Test func aFolderWithoutOneHasNone() throws {
        #expect(try TextureMemory(of: TemporaryFolder().path) == nil)
    }

    @Test func picturesAreReadWhenTheyAreAskedFor() throws {
        let folder = try TemporaryFolder(), memory = try memory(in: folder)
        let file = "\(folder.path)/texture_memory/textures.safetensors"
        try FileManager.default.removeItem(atPath: file)
        #expect(try memory.textures(for: "a wall") == nil)
        let error = #expect(throws: ModelError.self) { try memory.textures(for: "moss") }
        #expect(error?.code == .missingFile && error?.place == file)
        let again = #expect(throws: ModelError.self) { try TextureMemory(of: folder.path) }
        #expect(again?.code == .missingFile && again?.place == file)
    }

    @Test(arguments: [
        ("\"size\" : 64", "\"size\" : 8", "size is 8"), ("\"size\" : 64", "\"size\" : 1000000", "size is 1000000"),
        ("\"count\" : 2", "\"count\" : 0", "count 0"), ("\"count\" : 2", "\"count\" : 900000000000", "count"),
        ("\"name\" : \"moss\"", "\"name\" : \"sky\"", "one name"), ("\"the sky\"", "\"the\"", "without a word"),
        ("\"TextureMemory\"", "\"Another\"", "not TextureMemory"), ("\"phrases\"", "\"phases\"", "missing"),
    ])
    func aWrongConfigurationIsNamed(old: String, new: String, problem: String) throws {
        let folder = try TemporaryFolder()
        _ = try memory(in: folder)
        let path = "\(folder.path)/texture_memory/config.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(old), "\(text)")
        try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ModelError.self) { try TextureMemory(of: folder.path) }
        #expect(error?.place == path && error?.problem.contains(problem) == true, "\(String(describing: error))")
    }

    @Test func picturesThatAreMissingOrOfAnotherSizeAreNamed() throws {
        let folder = try TemporaryFolder()
        _ = try memory(in: folder)
        let path = "\(folder.path)/texture_memory/textures.safetensors"
        func refused(_ tensors: [String: (shape: [Int], values: [UInt8])]) throws -> ModelError? {
            try Safetensors.writeBytes(tensors, to: path)
            return #expect(throws: ModelError.self) { try TextureMemory(of: folder.path) }
        }
        let one = [UInt8](repeating: 0, count: 3 * 64 * 64)
        #expect(try refused(["moss.0": ([64, 64, 3], one)])?.code == .missingWeight)
        let names = ["a brick wall", "moss", "stone", "sky"].flatMap { ["\($0).0", "\($0).1"] }
        let small = Dictionary(
            uniqueKeysWithValues: names.map { ($0, (shape: [2, 2, 3], values: [UInt8](repeating: 0, count: 12))) })
        #expect(try refused(small)?.code == .wrongShape)
    }

    @Test func theDefaultModelKnowsMaterialsAndTakesNoMemoryForThem() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Diffusion/Resources/default-student").standardized.path
        let memory = try #require(try TextureMemory(of: folder))
        #expect(memory.configuration.materials.count >= 20)
        for (prompt, material) in [
            ("green grass", "grass"), ("a red brick wall", "a brick wall"), ("wooden planks", "wooden planks"),
        ] { #expect(try memory.textures(for: prompt)?.material == material) }
        #expect(try memory.textures(for: "a cloud") == nil)
        let pipeline = try InpaintingPipeline(directory: folder)
        // What calls up a material is understood, and everything that the network hears of it.
        #expect(pipeline.unknownWords(in: "old cobblestones with a zyzzyva") == ["zyzzyva"])
        for material in memory.configuration.materials {
            for phrase in material.phrases + (material.synonyms ?? []) {
                #expect(try memory.textures(for: phrase)?.material == material.name, "\(phrase)")
                #expect(pipeline.unknownWords(in: phrase) == [], "\(phrase)")
            }
        }
    }
}
