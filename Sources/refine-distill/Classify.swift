import ArgumentParser
import Distillation
import Foundation
import Layers
import Metrics
import TensorCore

struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell which material fills a hole: the measure of text control.",
        discussion: """
            A small classifier of the scene generator's materials, which takes no part in distillation. Without \
            --crops it is tested itself, on true materials in layouts that are not in its training: what it recognises \
            there is the ceiling of what fills can reach.

            With --crops and --fills it looks at fills of the crops' holes. Each --fills names the material that was \
            prompted, or "none" for fills without a prompt, whose line is the rate to beat. Crops have a side of 128 or \
            256 pixels; the latter are halved.

            Fills are written by evaluate: with --prompt and --output.

            EXAMPLES
              refine-distill classify
              refine-distill classify --crops dev-128.safetensors --fills none=plain.safetensors \\
                --fills brick=brick.safetensors --fills grass=grass.safetensors --json
            """)

    @Option(help: ArgumentHelp("Weights of classify-train; the package's own where left out.", valueName: "file"))
    var classifier: String?
    @Option(help: ArgumentHelp("Crops as Tests/Peers/make_crops.py writes them.", valueName: "file"))
    var crops: String?
    @Option(
        help: ArgumentHelp(
            "The prompted material (or none) and a safetensors file with \"fills\" [N, 3, S, S]; may be repeated.",
            valueName: "material=file"))
    var fills: [String] = []
    @Option(help: "Without --crops: how many pictures of each material.") var perMaterial = 40
    @Flag(help: "Print JSON instead of a table.") var json = false
    @Flag(help: "List the materials that are told apart.") var listMaterials = false

    func validate() throws {
        guard (crops == nil) == fills.isEmpty else { throw ValidationError("--crops and --fills go together.") }
        guard (1...1000).contains(perMaterial) else { throw ValidationError("--per-material takes 1 to 1000.") }
        for text in fills {
            let material = Self.split(text).material
            guard material == "none" || MaterialClassifier.materials.contains(material) else {
                throw ValidationError(
                    "\"\(material)\" is no material of the classifier; --list-materials names them. Give MATERIAL=FILE."
                )
            }
        }
    }

    private static func split(_ text: String) -> (material: String, path: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    private struct Report: Encodable {
        var confusion: ConfusionMatrix?
        /// Of fills without a prompt: the share of holes in which each material is seen.
        var without_prompt: [String: Double]?
        /// The mean over prompted materials of `without_prompt`: what chance gives.
        var rate_without_prompt: Double?
    }

    func run() throws {
        if listMaterials {
            for material in MaterialClassifier.materials { print(material) }
            return
        }
        let network = try classifier.map(MaterialClassifier.init(reading:)) ?? MaterialClassifier()
        let report =
            try crops.map { try look(network, at: $0) }
            ?? Report(confusion: MaterialTraining.test(network, perMaterial: perMaterial))
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            printTables(report)
        }
    }

    private func look(_ network: MaterialClassifier, at path: String) throws -> Report {
        let (tensors, _) = try Safetensors.read(path)
        let masks = try Self.halved(tensors["masks"], channels: 1, path)
        let holes = Tensor(masks.values.map { $0 >= 0.5 ? 1 : 0 }, shape: masks.shape)
        var report = Report()
        var matrix = ConfusionMatrix(labels: MaterialClassifier.materials)
        for (material, file) in fills.map(Self.split) {
            let images = try Self.halved(try Safetensors.read(file).tensors["fills"], channels: 3, file)
            guard images.shape[0] == holes.shape[0] else {
                throw ModelError(
                    .wrongShape, at: file, "\(images.shape[0]) fills for \(holes.shape[0]) crops of \(path)")
            }
            let found = Self.classify(network, images, holes)
            if let expected = MaterialClassifier.materials.firstIndex(of: material) {
                for label in found { matrix.add(expected: expected, found: label) }
            } else {
                report.without_prompt = Dictionary(
                    uniqueKeysWithValues: MaterialClassifier.materials.enumerated().map { index, name in
                        (name, Double(found.count { $0 == index }) / Double(found.count))
                    })
            }
        }
        if matrix.total > 0 { report.confusion = matrix }
        let prompted = matrix.labels.indices.filter { matrix.recall($0) != nil }
        if let rates = report.without_prompt, !prompted.isEmpty {
            report.rate_without_prompt =
                prompted.reduce(0) { $0 + (rates[matrix.labels[$1]] ?? 0) } / Double(prompted.count)
        }
        return report
    }

    /// Pictures at the classifier's side.
    private static func halved(_ tensor: Tensor?, channels: Int, _ path: String) throws -> Tensor {
        let side = MaterialClassifier.side
        guard let tensor, tensor.shape.count == 4, tensor.shape[1] == channels, tensor.shape[0] > 0,
            tensor.shape[2] == tensor.shape[3], [side, 2 * side].contains(tensor.shape[2])
        else {
            throw ModelError(
                .wrongShape, at: path,
                "\(channels == 1 ? "\"masks\"" : "\"fills\"") must be [N, \(channels), S, S] with a side of \(side) or "
                    + "\(2 * side), not \(tensor.map { "\($0.shape)" } ?? "missing")")
        }
        return tensor.shape[2] == side ? tensor : tensor.averagePooled2()
    }

    private static func classify(_ network: MaterialClassifier, _ images: Tensor, _ holes: Tensor) -> [Int] {
        let slice = images.count / images.shape[0], plane = holes.count / holes.shape[0]
        return stride(from: 0, to: images.shape[0], by: 16).flatMap { first in
            let count = min(16, images.shape[0] - first)
            let part = Tensor(uninitialized: [count] + images.shape.dropFirst())
            let hole = Tensor(uninitialized: [count] + holes.shape.dropFirst())
            part.pointer.update(from: images.pointer + first * slice, count: part.count)
            hole.pointer.update(from: holes.pointer + first * plane, count: hole.count)
            return network.classify(part, holes: hole)
        }
    }

    private func printTables(_ report: Report) {
        if let confusion = report.confusion { print(confusion.markdown, terminator: "") }
        guard let rates = report.without_prompt else { return }
        let seen = rates.filter { $0.value > 0 }.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
        let list = seen.map { String(format: "%@ %.1f %%", $0.key, 100 * $0.value) }.joined(separator: ", ")
        print("without a prompt: \(list)")
        if let rate = report.rate_without_prompt {
            print(
                String(format: "the prompted materials would be seen in %.1f %% of holes without a prompt", 100 * rate))
        }
    }
}

struct ClassifyTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "classify-train",
        abstract: "Train the material classifier that measures text control.",
        discussion: """
            It learns on holes in procedural scenes that show one material each, and is then tested on layouts held \
            out from training. The weights are a safetensors file in fp16.

            EXAMPLES
              refine-distill classify-train --output material-classifier.safetensors
            """)

    @Option(help: ArgumentHelp("Where to write the weights.", valueName: "file")) var output: String
    @Option(help: "Steps of training.") var steps = MaterialTraining().steps
    @Option(help: "Pictures in a step.") var batch = MaterialTraining().batch
    @Option(help: "Of weights and data.") var seed: UInt64 = 1
    @Option(help: "Peak learning rate.") var learningRate = MaterialTraining().learningRate
    @Option(help: "Pictures drawn of each material.") var patches = MaterialTraining().patchesPerMaterial
    @Option(help: "Scenes that the pictures are put into.") var scenes = MaterialTraining().backgrounds
    @Option(help: "Pictures of each material in the test afterwards.") var perMaterial = 40
    @Flag(help: "Print the test as JSON.") var json = false

    func validate() throws {
        guard [steps, batch, patches, scenes, perMaterial].allSatisfy({ $0 > 0 }), learningRate > 0 else {
            throw ValidationError("Numbers must be above 0.")
        }
    }

    func run() throws {
        var training = MaterialTraining()
        training.steps = steps
        training.batch = batch
        training.seed = seed
        training.learningRate = learningRate
        training.patchesPerMaterial = patches
        training.backgrounds = scenes
        var average = 0.0
        let matrix = try training.run(
            writing: output, provenance: ["seed": String(seed), "steps": String(steps), "batch": String(batch)],
            testsPerMaterial: perMaterial
        ) { step, loss in
            average = step == 1 ? loss : 0.98 * average + 0.02 * loss
            guard step % 100 == 0 || step == steps else { return }
            let line = String(format: "step %d/%d  cross-entropy %.3f\n", step, steps, average)
            FileHandle.standardError.write(Data(line.utf8))
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(matrix), as: UTF8.self))
        } else {
            print(matrix.markdown, terminator: "")
        }
    }
}
