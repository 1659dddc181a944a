import Diffusion
import Foundation
import Inpainting
import Testing

@Suite struct FillPlanMakerTests {
    /// A fill from coarse to fine has smaller sides than the one that it is asked for; a plan names those of its crops.
    @Test func convolutionsAreSeenAtTheSidesOfCropsAlone() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Diffusion/Resources/compact-student").standardized.path
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("refine-plan-\(UUID().uuidString)")
            .path
        let maker = try #require(
            FillPlanMaker(FillModel(pipeline: try InpaintingPipeline(directory: folder)), path: path))
        for side in [512, 384, 256, 128] {
            let before = maker.problems
            #expect(maker.advance() == .moreIsLeft)
            // The finest level works on squares of 4x4 pixels.
            #expect(maker.problems.subtracting(before).map { $0.input[2] }.max() == side / 4)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func whereThereIsNoPlaceForAPlanNoneIsMade() {
        #expect(FillPlanMaker(FillModel(pipeline: FakePipeline { $0.prefill }), path: nil) == nil)
    }
}
