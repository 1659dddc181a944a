import Diffusion
import Foundation
import Inpainting
import Layers
import Metrics
import TensorCore

/// The arms of a comparison beside their teacher and classical fills, on the same held-out crops.
public struct AblationTable: Codable, Sendable {
    /// Mean over crops and pooled over all hole pixels, in dB, and SSIM; inside the hole only.
    public struct Figures: Codable, Sendable {
        public var mean: Double
        public var pooled: Double
        public var ssim: Double
    }

    public struct Row: Codable, Sendable {
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
        /// By the name of the set of crops: at one step, and at the comparison's number of steps.
        public var oneStep: [String: Figures]
        public var moreSteps: [String: Figures]
    }

    public var configuration: AblationConfiguration
    public var rows: [Row]

    /// Measures every arm.
    /// - Parameters:
    ///   - sets: held-out crops.
    ///   - progress: is told what is being measured.
    /// - Throws: `ModelError` when the teacher cannot be read.
    public init(
        _ configuration: AblationConfiguration, _ trained: [Ablation.Trained], sets: [ValidationSet],
        progress: (String) -> Void = { _ in }
    ) throws {
        self.configuration = configuration
        rows = []
        progress("classical fills")
        rows.append(
            Row(
                name: "harmonic fill",
                oneStep: Self.figures(sets) { set in Self.harmonic(set) }, moreSteps: [:]))
        rows.append(
            Row(name: "plate in tension (pre-fill)", oneStep: Self.figures(sets) { $0.prefills }, moreSteps: [:]))
        let teacher = try InpaintingNetwork(directory: configuration.teacher, requiresGradient: false)
        let networks =
            [("teacher", nil as AblationArm?, nil as UInt64?, nil as Int?, teacher)]
            + trained.map { ($0.arm.title, $0.arm, $0.seed, $0.steps, $0.network) }
        for (name, arm, seed, steps, network) in networks {
            progress(name)
            func figures(_ steps: Int) -> [String: Figures] {
                Self.figures(sets) { $0.fills(by: network, steps: steps, seed: 0) }
            }
            rows.append(
                Row(
                    name: name, arm: arm, seed: seed, steps: steps, parameters: network.parameterCount,
                    multiplyAccumulates: network.multiplyAccumulates(height: 256, width: 256),
                    seconds: Self.seconds(network), oneStep: figures(1),
                    moreSteps: configuration.samplingSteps > 1 ? figures(configuration.samplingSteps) : [:]))
        }
    }

    private static func figures(_ sets: [ValidationSet], _ fills: (ValidationSet) -> Tensor) -> [String: Figures] {
        Dictionary(
            uniqueKeysWithValues: sets.map { set in
                let filled = fills(set), score = set.score(filled)
                return (
                    set.name, Figures(mean: score.mean, pooled: score.pooled, ssim: set.structuralSimilarity(filled))
                )
            })
    }

    private static func harmonic(_ set: ValidationSet) -> Tensor {
        let result = set.images.copy(), (height, width) = (set.images.shape[2], set.images.shape[3])
        let plane = height * width
        for n in 0..<set.count {
            let image = Array(UnsafeBufferPointer(start: set.images.pointer + n * 3 * plane, count: 3 * plane))
            let mask = Array(UnsafeBufferPointer(start: set.masks.pointer + n * plane, count: plane))
            let filled = HarmonicFill.fill(image, mask: mask, width: width, height: height)
            (result.pointer + n * 3 * plane).update(from: filled, count: 3 * plane)
        }
        return result
    }

    private static func seconds(_ network: InpaintingNetwork) -> Double {
        let prefill = Tensor(repeating: 0.5, shape: [1, 3, 256, 256]),
            mask = Tensor(repeating: 1, shape: [1, 1, 256, 256])
        let times = (0..<6).map { _ in
            let began = ContinuousClock.now
            _ = network.fill(prefill: prefill, mask: mask, steps: 1, seed: 0)
            return began.duration(to: .now) / .seconds(1)
        }
        // The first one makes plans and fills the pool.
        return times.dropFirst().sorted()[2]
    }
}

extension InpaintingNetwork {
    /// Multiply-accumulates of one denoising step on pixels of this size, ControlNet included, by the direct method.
    public func multiplyAccumulates(height: Int, width: Int) -> Double {
        let (rows, columns) = (height / shape.codec.patchSize, width / shape.codec.patchSize)
        return shape.unet.multiplyAccumulates(height: rows, width: columns)
            + (shape.controlNet?.multiplyAccumulates(height: rows, width: columns) ?? 0)
    }
}

extension ValidationSet {
    /// SSIM over the holes, averaged over crops.
    func structuralSimilarity(_ fills: Tensor) -> Double {
        let (height, width) = (images.shape[2], images.shape[3]), plane = height * width
        func row(_ tensor: Tensor, _ i: Int, _ count: Int) -> [Float] {
            Array(UnsafeBufferPointer(start: tensor.pointer + i * count, count: count))
        }
        let values = (0..<count).compactMap { i in
            StructuralSimilarity.overHole(
                fill: rounded8Bit(row(fills, i, 3 * plane)), truth: row(images, i, 3 * plane),
                mask: row(masks, i, plane).map { $0 >= 0.5 ? 255 : 0 }, width: width, height: height)
        }
        return values.reduce(0, +) / Double(max(values.count, 1))
    }
}
