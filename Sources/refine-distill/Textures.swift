import ArgumentParser
import Diffusion
import Dispatch
import Distillation
import Foundation
import Synchronization

struct Textures: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a model pictures of materials, for prompts to call up.",
        discussion: """
            Draws every material of the procedural generator several times and writes the texture_memory of a model \
            folder, or takes the place of the one that it has. Where a prompt names one of them ("a brick wall", "grass"), \
            the hole is filled with it, in the tones that the model finds for the words.

            --pictures names a folder of photos of materials, with metadata.jsonl as "finetune --labelled" takes it: \
            what a line calls a photo calls it up. The middle of each is kept. They are added to the drawn ones, and \
            take the place of those that go by the same words.

            EXAMPLES
              refine-distill textures --model models/student
              refine-distill textures --model models/student --pictures my-materials
            """)

    @Option(help: ArgumentHelp("A model folder that reads text.", valueName: "dir")) var model: String
    @Option(help: "Pictures of each material.") var count = 3
    @Option(help: "Side of the pictures in pixels.") var size = 160
    @Option(help: "Of the drawings.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("A folder of labelled photos of materials, to be added.", valueName: "dir"))
    var pictures: String?

    func validate() throws {
        guard (1...TextureMemory.mostPictures).contains(count), TextureMemory.sizes.contains(size) else {
            throw ValidationError(
                "--count takes 1 to \(TextureMemory.mostPictures), --size \(TextureMemory.sizes.lowerBound) to "
                    + "\(TextureMemory.sizes.upperBound)")
        }
    }

    func run() throws {
        guard try ModelFolder(reading: model).textEncoder != nil else {
            throw ValidationError("--model: \(model) has no text encoder. Choose a model that reads text")
        }
        let own = try pictures.map { try photographed($0) } ?? []
        let all = (drawn() + own).reduce(into: [Entry]()) { all, new in
            guard let place = all.firstIndex(where: { $0.material.goes(by: new.material.name) }) else {
                return all.append(new)
            }
            all[place].material.count = new.material.count
            all[place].pictures = new.pictures
        }
        let command =
            "refine-distill textures --count \(count) --size \(size) --seed \(seed)"
            + (pictures == nil ? "" : " --pictures")
        try TextureMemory.write(
            to: model,
            TextureMemory.Configuration(size: size, materials: all.map(\.material), colours: Palette.names),
            pictures: Dictionary(uniqueKeysWithValues: all.map { ($0.material.name, $0.pictures) }),
            provenance: ["command": command])
        print("\(all.count) materials, \(all.reduce(0) { $0 + $1.pictures.count }) pictures in \(model)")
    }

    private struct Entry: Sendable {
        var material: TextureMemory.Material
        var pictures: [[UInt8]]
    }

    private func drawn() -> [Entry] {
        let materials = SceneContent.materials
        let drawn = Mutex<[Int: Entry]>([:])
        DispatchQueue.concurrentPerform(iterations: materials.count) { i in
            let content = materials[i]
            let pictures = MaterialPictures.drawn(of: content, count: count, size: size, seed: seed)
            let material = TextureMemory.Material(
                name: content.name, phrases: content.phrases, synonyms: content.synonyms, count: pictures.count)
            drawn.withLock { $0[i] = Entry(material: material, pictures: pictures) }
        }
        return drawn.withLock { drawn in materials.indices.compactMap { drawn[$0] } }
    }

    /// Photos by their captions.
    private func photographed(_ folder: String) throws -> [Entry] {
        let source = try PhotoFolder(reading: folder, option: "--pictures")
        var entries: [Entry] = []
        for index in 0..<source.count {
            let photo = try source.photo(at: index)
            let name = photo.caption.trimmingCharacters(in: .whitespaces)
            guard name.contains(where: \.isLetter) else {
                throw ValidationError(
                    "--pictures: \"\(folder)/metadata.jsonl\" says of a photo not what it shows; each needs a line")
            }
            guard let picture = MaterialPictures.picture(of: photo, size: size) else {
                throw ValidationError(
                    "--pictures: the photo of \"\(name)\" is \(photo.width)x\(photo.height); give one of at least "
                        + "\(size)x\(size), or a smaller --size")
            }
            if let place = entries.firstIndex(where: { $0.material.goes(by: name) }) {
                entries[place].pictures.append(picture)
                entries[place].material.count += 1
            } else {
                let material = TextureMemory.Material(name: name, phrases: [name], count: 1)
                entries.append(Entry(material: material, pictures: [picture]))
            }
        }
        if let most = entries.map(\.pictures.count).max(), most > TextureMemory.mostPictures {
            throw ValidationError(
                "--pictures: \(most) photos of one material; \(TextureMemory.mostPictures) is the most")
        }
        return entries
    }
}
