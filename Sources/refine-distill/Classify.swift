import ArgumentParser
import Diffusion
import Distillation
import Foundation
import Layers
import Metrics
import TensorCore

struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell which material fills a hole: the measure of text control.",
        discussion: """
            Without --model the classifier itself is tested, on true materials in holes of layouts that it was not \
            trained on: what it recognises there is the ceiling of what fills can reach.

            With --model every hole is filled once for each material, with its name as the prompt, and once without a \
            prompt; the table says how often the prompted material is recognised and what else was seen, beside the \
            rate at which it is seen without a prompt. Holes are those of held-out scenes, or with --crops of real \
            photos.

            With --colours every hole is asked for a wall of each colour, and the mean colour of the fill is named as \
            captions name it; that takes no classifier.

            EXAMPLES
              refine-distill classify --classifier material-classifier.safetensors
              refine-distill classify --classifier material-classifier.safetensors \\
                --model models/student --steps 4
              refine-distill classify --classifier material-classifier.safetensors \\
                --model models/student --crops dev-128.safetensors \\
                --materials "a brick wall,grass,sky" --json
              refine-distill classify --model models/student --colours
            """)

    @Option(help: ArgumentHelp("Weights that train-classifier wrote.", valueName: "file")) var classifier: String?
    @Option(help: ArgumentHelp("A model folder that reads text.", valueName: "dir")) var model: String?
    @Option(help: ArgumentHelp("Crops as Tests/Peers/make_crops.py writes them.", valueName: "file"))
    var crops: String?
    @Option(help: ArgumentHelp("The materials to ask for, by their names; all where left out.", valueName: "list"))
    var materials: String?
    @Flag(help: "Ask for colours instead of materials.") var colours = false
    @Option(help: "How many holes to fill, or of each material to test the classifier on.") var holes = 20
    @Option(help: "Denoising steps.") var steps = 1
    @Option(help: ArgumentHelp("How strictly to follow the prompt; the model's own where left out.", valueName: "n"))
    var guidance: Float?
    @Option(help: "Of the noise.") var seed: UInt64 = 0
    @Flag(help: "Leave the model's texture memory out: what its network alone makes of the words.")
    var withoutTextures = false
    @Flag(help: "Print JSON instead of tables.") var json = false
    @Flag(help: "List the materials that are told apart.") var listMaterials = false

    func validate() throws {
        guard listMaterials || (classifier != nil) != colours else {
            throw ValidationError("give either --classifier FILE or --colours")
        }
        guard !colours || (model != nil && materials == nil) else {
            throw ValidationError("--colours takes a --model, and no --materials")
        }
        guard model != nil || (crops == nil && materials == nil) else {
            throw ValidationError("--crops and --materials go with --model")
        }
        guard (1...10_000).contains(holes), (1...64).contains(steps) else {
            throw ValidationError("--holes takes 1 to 10000, --steps 1 to 64")
        }
        _ = try chosen()
    }

    private func chosen() throws -> [SceneContent] {
        guard let materials else { return MaterialClassifier.materials }
        return try materials.split(separator: ",").map { name in
            let name = name.trimmingCharacters(in: .whitespaces)
            guard let material = MaterialClassifier.materials.first(where: { $0.name == name }) else {
                throw ValidationError("\"\(name)\" is no material of the classifier; --list-materials names them")
            }
            return material
        }
    }

    func run() throws {
        if listMaterials { return MaterialClassifier.materials.forEach { print($0.name) } }
        let network = try classifier.map(MaterialClassifier.init(reading:))
        guard let model else {
            return try network.map { try show(MaterialTraining.test($0, perMaterial: holes)) { $0.markdown } } ?? ()
        }
        let pipeline = try InpaintingPipeline(directory: model)
        let set = try crops.map { try ValidationSet(reading: $0, limit: holes) } ?? .textControl(count: holes)
        func fill(_ prompt: String?) throws -> Tensor {
            let filling = try PromptedFilling(
                pipeline, prompt: prompt, guidance: guidance, withTexture: !withoutTextures, place: model)
            return set.fills(by: filling, steps: steps, seed: seed)
        }
        let control =
            try network.map { try TextControl($0, holes: set.masks, materials: chosen(), fill: fill) }
            ?? TextControl(coloursIn: set.masks, fill: fill)
        try show(control) { $0.markdown }
    }

    private func show<T: Encodable>(_ value: T, _ text: (T) -> String) throws {
        guard json else { return print(text(value), terminator: "") }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
