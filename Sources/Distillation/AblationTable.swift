import Diffusion
import Foundation
import Inpainting
import Layers
import Metrics
import TensorCore

/// The arms of a comparison beside their teacher and classical fills, on the same held-out crops.
///
/// One step of sampling gives the conditional mean, which is what PSNR and SSIM ask for; more steps add texture, which
/// is what distances between distributions ask for. So every figure is taken at both.
public struct AblationTable: Encodable {
    /// By the name of a set of crops, then by the metric's key.
    public typealias Figures = [String: [String: MetricValue]]

    public struct Row: Encodable {
        public var name: String
        public var arm: AblationArm?
        public var seed: UInt64?
        /// Steps of training, those of arm (d) included where stage 2 came after it.
        public var steps: Int?
        public var parameters: Int?
        /// Multiply-accumulates of one step at 256x256 pixels.
        public var multiplyAccumulates: Double?
        /// Median seconds of one step at 256x256 pixels, pre-fill left out.
        public var seconds: Double?
        /// At one step, or of a fill that has no steps.
        public var oneStep: Figures
        /// At the comparison's number of steps; empty for fills without steps.
        public var moreSteps: Figures
    }

    public var configuration: AblationConfiguration
    public var rows: [Row]

    /// Measures every arm.
    /// - Parameters:
    ///   - configuration: what was compared.
    ///   - trained: every arm of every seed.
    ///   - sets: held-out crops.
    ///   - folder: of the comparison; crops and foreign fills lie there, see `ExternalFills`.
    ///   - weights: of the metrics that need networks.
    ///   - progress: is told what is being measured.
    /// - Throws: `ModelError` when the teacher or a foreign fill cannot be read, `MetricWeightsError` when a metric's
    ///   network cannot.
    public init(
        _ configuration: AblationConfiguration, _ trained: [Ablation.Trained], sets: [ValidationSet], folder: String,
        weights: MetricWeights = MetricWeights(), progress: (String) -> Void = { _ in }
    ) throws {
        self.configuration = configuration
        rows = []
        let measured = MeasuredSets(sets, weights: weights)
        let external = try ExternalFills(folder: folder, sets: sets)
        for name in external.names {
            progress(name)
            let figures = try measured.figures { try external.fills(name, of: $0) }
            rows.append(Row(name: name, oneStep: figures, moreSteps: [:]))
        }
        for fill in ClassicalFill.allCases {
            progress(fill.rawValue)
            rows.append(Row(name: fill.rawValue, oneStep: try measured.figures(fill.fills), moreSteps: [:]))
        }
        let teacher = try InpaintingNetwork(directory: configuration.teacher, requiresGradient: false)
        let networks =
            [("teacher", nil as AblationArm?, nil as UInt64?, nil as Int?, teacher)]
            + trained.map { ($0.arm.title, $0.arm, $0.seed, $0.steps, $0.network) }
        for (name, arm, seed, steps, network) in networks {
            progress(seed.map { "\(name), seed \($0)" } ?? name)
            let more = configuration.samplingSteps
            rows.append(
                Row(
                    name: name, arm: arm, seed: seed, steps: steps, parameters: network.parameterCount,
                    multiplyAccumulates: network.shape.multiplyAccumulates(side: 256), seconds: Self.seconds(network),
                    oneStep: try measured.figures(of: network, steps: 1),
                    moreSteps: more > 1 ? try measured.figures(of: network, steps: more) : [:]))
        }
    }

    private static func seconds(_ network: InpaintingNetwork) -> Double {
        let prefill = Tensor(repeating: 0.5, shape: [1, 3, 256, 256]),
            mask = Tensor(repeating: 1, shape: [1, 1, 256, 256])
        let times = (0..<6).map { _ in
            let began = ContinuousClock.now
            _ = network.pass(prefill: prefill, mask: mask, steps: 1, seed: 0, captions: nil)
            return began.duration(to: .now) / .seconds(1)
        }
        // The first one makes plans and fills the pool.
        return times.dropFirst().sorted()[2]
    }
}
