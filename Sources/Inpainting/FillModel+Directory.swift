import Diffusion

extension InpaintingPipeline: FillPipeline {}
extension DenoisingRun: FillRun {}
extension LatentInpaintingPipeline: FillPipeline {}
extension LatentDenoisingRun: FillRun {}

extension FillModel {
    /// Loads a model folder and keeps its weights in memory: one of this project's, or one of Stable Diffusion's kind
    /// for inpainting.
    ///
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public convenience init(directory: String) throws {
        let pipeline: any FillPipeline =
            try LatentModelFolder.isOne(directory)
            ? LatentInpaintingPipeline(directory: directory) : InpaintingPipeline(directory: directory)
        self.init(pipeline: pipeline)
    }

    /// Gives the memory that past fills worked in back to the system; the weights stay. Call it when a job is over.
    public static func releaseScratch() { InpaintingPipeline.releaseScratch() }
}
