import ArgumentParser
import Distillation
import Foundation
import ImageCodec
import Layers

struct Synth: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw procedural scenes with their captions.",
        discussion: """
            Writes scene-N.png and metadata.jsonl, a line with file_name and text for each, as "finetune --labelled" \
            reads them. With --swatches it draws one material over each whole picture instead of scenes, in turn all \
            that there are, as swatch-N.png.

            EXAMPLES
              refine-distill synth --output scenes --count 100 --size 512
              refine-distill synth --output materials --count 44 --swatches
            """)

    @Option(help: "The folder to write to; made where it is missing.") var output: String
    @Option(help: "How many scenes.") var count = 16
    @Option(help: "Of the first scene; the others follow.") var seed: UInt64 = 1
    @Option(help: "Side in pixels, at least 8.") var size = 256
    @Flag(help: "Draw materials instead of scenes.") var swatches = false

    private struct Label: Encodable {
        var file_name: String
        var text: String
    }

    func validate() throws {
        guard count >= 1, (8...4096).contains(size) else {
            throw ValidationError("--count is 1 or more, --size 8 to 4096")
        }
    }

    func run() throws {
        do {
            try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        } catch {
            throw ValidationError("--output: the folder \"\(output)\" cannot be made; give another one")
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var labels = Data()
        for i in 0..<count {
            let name = "\(swatches ? "swatch" : "scene")-\(i).png"
            let scene = picture(i)
            let file = try scene.pixels.withUnsafeBytes {
                try PixelFile.png(samples: $0, width: size, height: size, bands: 3)
            }
            try AtomicFile.write(Data(file), to: "\(output)/\(name)")
            labels += try encoder.encode(Label(file_name: name, text: scene.caption)) + [0x0A]
        }
        try AtomicFile.write(labels, to: "\(output)/metadata.jsonl")
    }

    private func picture(_ number: Int) -> SyntheticScene {
        let own = seed &+ UInt64(number)
        guard swatches else { return SceneGenerator().scene(seed: own, width: size, height: size) }
        let materials = SceneContent.materials
        return SceneGenerator().swatch(of: materials[number % materials.count], seed: own, width: size, height: size)
    }
}
