import Diffusion

extension InpaintingPipeline: FillPipeline {}
extension DenoisingRun: FillRun {}

extension FillModel {
    /// Loads a model folder and keeps its weights in memory.
    ///
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public convenience init(directory: String) throws {
        self.init(pipeline: try InpaintingPipeline(directory: directory))
    }
}
