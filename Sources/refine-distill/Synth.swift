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
            reads them.

            EXAMPLES
              refine-distill synth --output scenes --count 100 --size 512
            """)

    @Option(help: "The folder to write to; made where it is missing.") var output: String
    @Option(help: "How many scenes.") var count = 16
    @Option(help: "Of the first scene; the others follow.") var seed: UInt64 = 1
    @Option(help: "Side in pixels, at least 8.") var size = 256

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
            let scene = SceneGenerator().scene(seed: seed &+ UInt64(i), width: size, height: size)
            let file = try scene.pixels.withUnsafeBytes {
                try PixelFile.png(samples: $0, width: size, height: size, bands: 3)
            }
            try AtomicFile.write(Data(file), to: "\(output)/scene-\(i).png")
            labels += try encoder.encode(Label(file_name: "scene-\(i).png", text: scene.caption)) + [0x0A]
        }
        try AtomicFile.write(labels, to: "\(output)/metadata.jsonl")
    }
}
