/// The `scheduler_config.json` of a `DDIMScheduler`, with diffusers' keys.
public struct DDIMConfiguration: Codable, Sendable, Equatable {
    public enum BetaSchedule: String, Codable, Sendable {
        case linear
        case scaledLinear = "scaled_linear"
        case cosine = "squaredcos_cap_v2"
    }
    public enum PredictionType: String, Codable, Sendable {
        case epsilon
        case sample
        case velocity = "v_prediction"
    }
    public enum TimestepSpacing: String, Codable, Sendable {
        /// The first timestep is the last of training, pure noise.
        case trailing
        /// Multiples of a whole stride, as older models have it; the noisiest timesteps may be left out.
        case leading
    }

    public var className = "DDIMScheduler"
    public var numTrainTimesteps = 1000
    public var betaStart = 1e-4
    public var betaEnd = 0.02
    public var betaSchedule = BetaSchedule.cosine
    public var predictionType = PredictionType.sample
    public var timestepSpacing = TimestepSpacing.trailing
    /// Added to every timestep of leading spacing.
    public var stepsOffset = 0
    /// Makes the last timestep pure noise (Lin et al. 2024), which is what one-step sampling starts from.
    public var rescaleBetasZeroSNR = true
    public var clipSample = false
    /// Whether the end of sampling is free of noise; else it has as little as the first timestep.
    public var setAlphaToOne = true

    public init() {}

    enum CodingKeys: String, CodingKey, CaseIterable {
        case className = "_class_name"
        case numTrainTimesteps = "num_train_timesteps"
        case betaStart = "beta_start"
        case betaEnd = "beta_end"
        case betaSchedule = "beta_schedule"
        case predictionType = "prediction_type"
        case timestepSpacing = "timestep_spacing"
        case stepsOffset = "steps_offset"
        case rescaleBetasZeroSNR = "rescale_betas_zero_snr"
        case clipSample = "clip_sample"
        case setAlphaToOne = "set_alpha_to_one"
    }

    /// The other keys say how PNDM takes its steps, which are DDIM's here, or how to clip where nothing is clipped.
    private static let foreignKeys = ForeignKeys(
        neutral: [:],
        ignored: ["skip_prk_steps", "clip_sample_range", "dynamic_thresholding_ratio", "sample_max_value"])

    /// Reads a `scheduler_config.json`. Keys that are not there have diffusers' defaults.
    /// - Throws: `DecodingError`, also for a key that asks for something that is not built here.
    public init(from decoder: any Decoder) throws {
        try Self.foreignKeys.check(decoder, known: CodingKeys.allCases.map(\.rawValue))
        let values = try decoder.container(keyedBy: CodingKeys.self)
        className = try values.decode(String.self, forKey: .className)
        let ddim = className != "PNDMScheduler"
        numTrainTimesteps = try values.decodeIfPresent(Int.self, forKey: .numTrainTimesteps) ?? 1000
        betaStart = try values.decodeIfPresent(Double.self, forKey: .betaStart) ?? 1e-4
        betaEnd = try values.decodeIfPresent(Double.self, forKey: .betaEnd) ?? 0.02
        betaSchedule = try values.decodeIfPresent(BetaSchedule.self, forKey: .betaSchedule) ?? .linear
        predictionType = try values.decodeIfPresent(PredictionType.self, forKey: .predictionType) ?? .epsilon
        timestepSpacing = try values.decodeIfPresent(TimestepSpacing.self, forKey: .timestepSpacing) ?? .leading
        stepsOffset = try values.decodeIfPresent(Int.self, forKey: .stepsOffset) ?? 0
        rescaleBetasZeroSNR = try values.decodeIfPresent(Bool.self, forKey: .rescaleBetasZeroSNR) ?? false
        clipSample = try values.decodeIfPresent(Bool.self, forKey: .clipSample) ?? ddim
        setAlphaToOne = try values.decodeIfPresent(Bool.self, forKey: .setAlphaToOne) ?? ddim
    }
}
