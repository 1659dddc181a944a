import Diffusion
import Foundation
import Inpainting
import Testing

/// The models of the package, as they are in the repository.
@Suite struct ShippedModelTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Sources/Diffusion/Resources").standardized.path

    private func pipeline(_ name: String) throws -> InpaintingPipeline {
        try InpaintingPipeline(directory: "\(Self.folder)/\(name)")
    }

    @Test func theCompactOneIsSmallAndReadsNoPrompts() throws {
        let (compact, standard) = (try pipeline("compact-student"), try pipeline("default-student"))
        #expect(compact.parameterCount < 1_000_000 && !compact.hasTextEncoder)
        #expect(standard.parameterCount < 10_000_000 && standard.hasTextEncoder)
        #expect(compact.defaultSteps == 1 && standard.defaultSteps == 1)
        // What was tuned belongs to one of them, by its generation.
        #expect(compact.generation != standard.generation)
    }

    @Test(arguments: ["default-student", "compact-student"])
    func anEdgeGoesOnUnderAStroke(name: String) throws {
        let side = 128
        // A slanting edge, and a stroke of 12 pixels over it.
        let samples = (0..<(side * side)).flatMap { i -> [UInt8] in
            2 * (i % side) + i / side < 190 ? [200, 120, 60] : [60, 90, 140]
        }
        let image = try RasterImage(width: side, height: side, samples: .u8(samples))
        let mask = try FillMask(
            width: side, height: side,
            values: (0..<(side * side)).map { i in
                (58..<70).contains(i / side) && (20..<108).contains(i % side) ? 255 : 0
            })
        func error(_ pipeline: any FillPipeline) throws -> Double {
            let filled = try fill(image, mask, FillOptions(steps: 1, seed: 1), model: FillModel(pipeline: pipeline))
                .over(image)
            let sum = zip(filled, samples).reduce(0.0) { sum, pair in
                let difference = Double(pair.0) - Double(pair.1)
                return sum + difference * difference
            }
            return sum / Double(mask.values.count { $0 != 0 })
        }
        let (ours, prefill) = (try error(pipeline(name)), try error(FakePipeline.identity()))
        #expect(ours < 0.75 * prefill, "\(ours) of \(prefill)")
    }
}
