import Diffusion
import TensorCore

/// Makes this machine's plan of convolution algorithms for a model, in small pieces while nobody needs the engine.
///
/// The plan is written where `FillModel.adoptPlan` looks for it and takes effect with the next start: fills of one run
/// of the program keep their bytes.
///
/// Lives on the engine's thread.
public final class FillPlanMaker {
    /// Sides of the crops that are timed, in pixels; sizes between them follow the nearest one.
    private static let sides = [128, 256, 384, 512]
    /// A forward pass of a larger network would keep a caller waiting for too long.
    private static let largestModel = 50_000_000

    private let pipeline: InpaintingPipeline
    private let path: String
    private var sides: [Int]
    /// The convolutions that were seen so far.
    package private(set) var problems: Set<ConvolutionProblem> = []
    private var planner: ConvolutionPlanner?

    /// - Parameters:
    ///   - model: whose convolutions are timed.
    ///   - path: where the plan is kept; nil where there is no place for it.
    /// - Returns: nil where this machine has a plan already, where there is no place for one, or for a model that is
    ///   too large to be timed beside other work.
    public init?(_ model: FillModel, path: String? = ConvolutionPlan.defaultPath()) {
        guard let pipeline = model.pipeline as? InpaintingPipeline, let path,
            pipeline.parameterCount <= Self.largestModel, (try? ConvolutionPlan(reading: path)) == nil
        else { return nil }
        self.pipeline = pipeline
        self.path = path
        sides = Self.sides.filter { $0 % pipeline.sizeMultiple == 0 }
    }

    public enum Progress: Equatable {
        case moreIsLeft
        case made
        /// Why there is no plan; names no path.
        case failed(String)
    }

    /// One piece of work: a forward pass that shows which convolutions there are, or one run of one algorithm. The last
    /// piece writes the plan.
    public func advance() -> Progress {
        if let side = sides.popLast() {
            problems.formUnion(Convolution.problems { runOnce(side) })
            return .moreIsLeft
        }
        var planner = self.planner ?? ConvolutionPlanner(problems)
        planner.step()
        self.planner = planner
        guard planner.isFinished else { return .moreIsLeft }
        do {
            try planner.plan.write(to: path)
            return .made
        } catch {
            return .failed((error as? ConvolutionPlanError)?.problem ?? "the plan cannot be written")
        }
    }

    /// At this side alone: coarser passes have sides of their own, and would come first.
    private func runOnce(_ side: Int) {
        pipeline.start(
            prefill: Tensor(repeating: 0.5, shape: [1, 3, side, side]),
            mask: Tensor(repeating: 1, shape: [1, 1, side, side]), steps: 1, seed: 0, coarseLevels: 0
        ).step()
    }
}
