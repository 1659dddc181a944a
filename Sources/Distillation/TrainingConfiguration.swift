import Layers

/// Everything that decides what a training run computes; a run folder keeps it as `config.json`.
public struct TrainingConfiguration: Codable, Sendable, Equatable {
    /// Of weights, data, noise and timesteps.
    public var seed: UInt64 = 1
    public var steps = 10_000
    /// Small crops in one step; of large ones there are a quarter as many.
    public var batch = 16
    /// Side of a small crop; large ones have twice of it.
    public var cropSize = 128
    /// Every how many steps the crops are large; 0 for never.
    public var largeCropInterval = 4
    public var learningRate: Float = 6e-4
    public var warmUpSteps = 200
    public var maximumGradientNorm = 1.0
    public var emaDecay: Float = 0.999
    /// Share of samples at the last timestep, pure noise: the only one that one-step sampling asks for.
    public var terminalShare: Float = 0.8
    /// Share of crops with many thin holes instead of holes as users make them.
    public var thinShare: Float = 0.5
    /// Share of scenes with nothing but sharp shapes, see `SimpleScene`.
    public var simpleShare: Float = 0
    /// How far each crop is weighed by the inverse of its pre-fill's error: 1 counts relative errors, as a mean of PSNR
    /// does; 0 counts squared errors, as a pooled PSNR does.
    public var relativeExponent: Float = 1
    /// What an error counts for each pixel that it lies deeper in the hole, as a factor.
    public var depthDiscount: Float = 0.96
    /// How many procedural scenes of 512 x 512 the crops come from; each is drawn when it is first needed and then
    /// takes 0.85 MB.
    public var scenes = 4_000
    /// Of networks that attend to text; nil for others.
    public var text: TextTraining?
    /// What the coarse levels' own errors count beside the task's loss, see `CoarseSupervision`; nil for nothing.
    public var coarseWeight: Float?
    /// How many of the coarsest levels of a network that is gone on with start from random weights; nil for none.
    public var renewedLevels: Int?
    /// From how many coarser resolutions, at most, the network's own fills are the pre-fill that a step learns on, see
    /// `CoarseToFine`; drawn anew in each step. Nil for none.
    public var coarseLevels: Int?
    /// How much more, at most, an error counts at timesteps with less noise: as much as the signal-to-noise ratio there,
    /// and at least once. Fine texture is decided where little noise is left, and errors are small there. After Salimans
    /// and Ho 2022 ("truncated SNR") with the limit of Hang et al. 2023; nil for the same everywhere.
    public var signalToNoiseLimit: Float?

    public init() {}

    /// How many crops a step has, and of which side.
    func batch(at step: Int) -> (count: Int, size: Int) {
        let isLarge = largeCropInterval > 0 && step % largeCropInterval == largeCropInterval - 1
        return isLarge ? (max(1, batch / 4), 2 * cropSize) : (batch, cropSize)
    }
}
