import Diffusion
import TensorCore

extension InpaintingPipeline: FillPipeline {}
extension DenoisingRun: FillRun {}
extension LatentInpaintingPipeline: FillPipeline {}
extension LatentDenoisingRun: FillRun {}

extension FillModel {
    /// Loads a model folder and keeps its weights in memory: one of this project's, or one of Stable Diffusion's kind
    /// for inpainting.
    ///
    /// - Parameters:
    ///   - directory: the model's folder.
    ///   - base: that of what it was tuned from, which fills the photos that it suits better; nil for a model that was not
    ///     tuned.
    /// - Throws: `ModelError` naming the file and what is wrong with it, or that the two are of different shapes.
    public convenience init(directory: String, tunedFrom base: String? = nil) throws {
        if let base {
            let base = try InpaintingPipeline(directory: base)
            self.init(pipeline: try base.tuned(directory: directory), base: base)
        } else if try LatentModelFolder.isOne(directory) {
            self.init(pipeline: try LatentInpaintingPipeline(directory: directory))
        } else {
            self.init(pipeline: try InpaintingPipeline(directory: directory))
        }
    }

    /// Takes up the plan of convolution algorithms that was made for this machine, if there is one. Call it before the
    /// first fill, on the engine's thread: fills before and after may differ in their last digits.
    ///
    /// - Returns: why a plan that is there is not used, nil otherwise.
    public static func adoptPlan() -> String? {
        guard let path = ConvolutionPlan.defaultPath() else { return nil }
        do {
            Convolution.plan = try ConvolutionPlan(reading: path)
            return nil
        } catch let error as ConvolutionPlanError {
            return error.code == .missing ? nil : error.problem
        } catch {
            return "the file cannot be read"
        }
    }

    /// Identifies the plan in use: the same one gives the same bytes on the same CPU with as many threads.
    public static var planID: String { Convolution.plan.id }

    /// What fills are computed with, for people who wonder why they are slow.
    public struct Computing: Sendable, Equatable {
        /// The kind of CPU whose kernels the matrix library uses, and the one that it had chosen by itself.
        public var core, detectedCore: String
        public var threads: Int
    }

    /// Call it on the engine's thread: the number of threads is that of the thread that asks.
    public static var computing: Computing {
        Computing(core: BLAS.coreType.inUse, detectedCore: BLAS.coreType.detected, threads: BLAS.threads)
    }

    /// Gives the memory that past fills worked in back to the system; the weights stay. Call it when a job is over.
    public static func releaseScratch() { InpaintingPipeline.releaseScratch() }
}
