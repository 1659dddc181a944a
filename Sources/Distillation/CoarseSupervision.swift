import Autograd
import Diffusion
import Layers
import TensorCore

/// Deep supervision of the coarse levels (Lee et al., "Deeply-supervised nets", 2015): each stage on the way up but the
/// finest has to predict the residual as it looks at its own scale.
///
/// By the task's loss alone the coarse levels of the shipped student came to say nothing that its output needs. This makes
/// them predict; EXPERIMENTS.md tells what came of it.
/// For stage i, which lies k halvings below the finest, with features `f_i` [N, C_i, h/2ᵏ, w/2ᵏ]:
///
/// `L_i = Σ w_k (P_i f_i - x_k)²`, and `L_coarse = mean over stages of L_i`
///
/// - `x_k`: the clean residual, averaged over 2ᵏ x 2ᵏ pixels by what an error there counts, and folded as the
///   network's output is;
/// - `w_k`: the sum of what errors in those pixels count, so that over a crop it is what it is in the task's loss;
/// - `P_i`: a 1x1 convolution to the output's channels, which lives in training only.
///
/// That it is the residual at the stage's own scale, and the plain mean, are ours.
package final class CoarseSupervision {
    package let parameters: ParameterSet
    /// The projection of each supervised stage, coarsest first.
    private let projections: [Convolution2D]
    private let patch: Int

    package init(_ shape: NetworkShape, seed: UInt64) throws {
        let parameters = ParameterSet(seed: seed)
        projections = try shape.unet.blockOutChannels.dropFirst().reversed().enumerated().map { i, channels in
            try Convolution2D(
                parameters.root.scope("projections", i), channels, shape.codec.residualChannels, kernel: 1)
        }
        self.parameters = parameters
        patch = shape.codec.patchSize
    }

    /// L_coarse, a scalar.
    /// - Parameters:
    ///   - features: of all stages of the U-Net that `init` was given the shape of.
    ///   - clean, weight: [N, 3 p², h, w], see `NoisyBatch`; h and w divisible by 2 to the number of supervised stages.
    package func loss(_ features: [StageFeature], clean: Tensor, weight: Tensor) -> Variable {
        var weights = weight.depthToSpace(patch)
        var products = weights * clean.depthToSpace(patch)
        var total: Variable?
        // From the finest of them to the coarsest, each scale from the one before.
        for (i, projection) in projections.enumerated().reversed() {
            guard let feature = features.first(where: { $0.stage == .up(i) }) else {
                preconditionFailure("Distillation: no features of stage up(\(i)) to supervise")
            }
            (weights, products) = (weights.averagePooled2() * 4, products.averagePooled2() * 4)
            let target = Tensor(repeating: 0, shape: products.shape)
            for j in 0..<target.count where weights.pointer[j] > 0 {
                target.pointer[j] = products.pointer[j] / weights.pointer[j]
            }
            let error = projection(feature.value).weightedSquaredError(
                to: target.spaceToDepth(patch), weight: weights.spaceToDepth(patch), divisor: 1)
            total = total.map { $0 + error } ?? error
        }
        return (total ?? Variable(Tensor([0], shape: []))) * (1 / Float(max(projections.count, 1)))
    }
}
