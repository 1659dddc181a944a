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

    /// Gives the memory that past fills worked in back to the system; the weights stay. Call it when a job is over.
    public static func releaseScratch() { InpaintingPipeline.releaseScratch() }
}
