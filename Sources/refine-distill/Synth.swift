import ArgumentParser
import Distillation
import Foundation

struct Synth: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Draw procedural scenes with their captions.")

    @Option(help: "Where to write scene-N.ppm and captions.txt.") var output: String
    @Option var count = 16
    @Option var seed: UInt64 = 1
    @Option(help: "Side in pixels.") var size = 256

    func run() throws {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        var captions = ""
        for i in 0..<count {
            let scene = SceneGenerator().scene(seed: seed &+ UInt64(i), width: size, height: size)
            let data = Data("P6\n\(size) \(size)\n255\n".utf8) + Data(scene.pixels)
            try data.write(to: URL(fileURLWithPath: "\(output)/scene-\(i).ppm"))
            captions += "scene-\(i)\t\(scene.caption)\n"
        }
        try Data(captions.utf8).write(to: URL(fileURLWithPath: "\(output)/captions.txt"))
    }
}
