import Autograd
import Foundation
import Layers
import TensorCore

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
    public enum TimestepSpacing: String, Codable, Sendable { case trailing }

    public var className = "DDIMScheduler"
    public var numTrainTimesteps = 1000
    public var betaStart = 1e-4
    public var betaEnd = 0.02
    public var betaSchedule = BetaSchedule.cosine
    public var predictionType = PredictionType.sample
    public var timestepSpacing = TimestepSpacing.trailing
    /// Makes the last timestep pure noise (Lin et al. 2024), which is what one-step sampling starts from.
    public var rescaleBetasZeroSNR = true
    public var clipSample = false
    public var setAlphaToOne = true

    public init() {}

    enum CodingKeys: String, CodingKey {
        case className = "_class_name"
        case numTrainTimesteps = "num_train_timesteps"
        case betaStart = "beta_start"
        case betaEnd = "beta_end"
        case betaSchedule = "beta_schedule"
        case predictionType = "prediction_type"
        case timestepSpacing = "timestep_spacing"
        case rescaleBetasZeroSNR = "rescale_betas_zero_snr"
        case clipSample = "clip_sample"
        case setAlphaToOne = "set_alpha_to_one"
    }
}

/// Deterministic sampling of denoising diffusion models (Song et al. 2021, η = 0).
public struct DDIMScheduler: Sendable {
    public let configuration: DDIMConfiguration
    /// ᾱ_t for every training timestep, falling from nearly 1 to (with zero terminal SNR) 0.
    public let alphasCumulative: [Double]

    /// - Throws: `ModelError` when a number of the configuration makes no schedule.
    public init(_ c: DDIMConfiguration, origin: String = "scheduler") throws {
        guard c.className == "DDIMScheduler" else {
            throw ModelError(.unsupportedModel, at: origin, "scheduler \"\(c.className)\" is not DDIMScheduler")
        }
        guard (1...100_000).contains(c.numTrainTimesteps), c.betaStart > 0, c.betaEnd < 1, c.betaStart <= c.betaEnd,
            !c.clipSample, c.setAlphaToOne
        else { throw ModelError(.badConfiguration, at: origin, "betas, timesteps or clipping are out of range") }
        configuration = c
        let betas = Self.betas(c)
        var product = 1.0
        var cumulative = betas.map { beta in
            product *= 1 - beta
            return product
        }
        if c.rescaleBetasZeroSNR { Self.rescaleToZeroTerminal(&cumulative) }
        alphasCumulative = cumulative
    }

    private static func betas(_ c: DDIMConfiguration) -> [Double] {
        let n = c.numTrainTimesteps
        func ramp(_ a: Double, _ b: Double) -> [Double] {
            (0..<n).map { n == 1 ? a : a + (b - a) * Double($0) / Double(n - 1) }
        }
        switch c.betaSchedule {
        case .linear: return ramp(c.betaStart, c.betaEnd)
        case .scaledLinear: return ramp(c.betaStart.squareRoot(), c.betaEnd.squareRoot()).map { $0 * $0 }
        case .cosine:
            // Nichol and Dhariwal 2021, equation 17.
            func alphaBar(_ t: Double) -> Double { pow(cos((t + 0.008) / 1.008 * .pi / 2), 2) }
            return (0..<n).map { i in
                min(1 - alphaBar(Double(i + 1) / Double(n)) / alphaBar(Double(i) / Double(n)), 0.999)
            }
        }
    }

    /// Shifts and scales √ᾱ so that the last is 0 and the first unchanged (Lin et al. 2024, algorithm 1).
    private static func rescaleToZeroTerminal(_ cumulative: inout [Double]) {
        let roots = cumulative.map { $0.squareRoot() }
        guard let first = roots.first, let last = roots.last, first > last else { return }
        cumulative = roots.map { root in
            let shifted = (root - last) * first / (first - last)
            return shifted * shifted
        }
    }

    /// The timesteps of an N-step run, noisiest first ("trailing": the first is always the last training timestep).
    ///
    /// diffusers rounds `numpy.arange(n, 0, -n / steps)`: halves go to the even number, and the stride is the rounded
    /// difference of the first two, which decides what is a half.
    public func timesteps(steps: Int) -> [Int] {
        let n = Double(configuration.numTrainTimesteps)
        let stride = (n - n / Double(steps)) - n
        return (0..<steps).map { Int((n + Double($0) * stride).rounded(.toNearestOrEven)) - 1 }
    }

    /// √ᾱ and √(1 - ᾱ) at a timestep: the shares of signal and noise. Before the first timestep all is signal.
    public func shares(at timestep: Int) -> (signal: Float, noise: Float) {
        guard timestep >= 0 else { return (1, 0) }
        let alpha = alphasCumulative[timestep]
        return (Float(alpha.squareRoot()), Float((1 - alpha).squareRoot()))
    }

    /// One step from x_t to x_s, given the model's output at t. All tensors have one shape.
    public func step(sample: Tensor, output: Tensor, from timestep: Int, to next: Int) -> Tensor {
        let (a, s) = shares(at: timestep), (aNext, sNext) = shares(at: next)
        let clean = clean(sample: sample, output: output, at: timestep)
        guard sNext > 0 else { return clean }
        // ε = (x_t - √ᾱ x₀) / √(1 - ᾱ), then x_s = √ᾱ_s x₀ + √(1 - ᾱ_s) ε.
        let result = sample * (sNext / s)
        result.accumulateInPlace(clean, factor: aNext - a * sNext / s)
        return result
    }

    /// x₀ as the model's output means it.
    private func clean(sample: Tensor, output: Tensor, at timestep: Int) -> Tensor {
        let (a, s) = shares(at: timestep)
        switch configuration.predictionType {
        case .sample: return output
        case .velocity:
            let result = sample * a
            result.accumulateInPlace(output, factor: -s)
            return result
        case .epsilon:
            let result = sample * (1 / max(a, 1e-6))
            result.accumulateInPlace(output, factor: -s / max(a, 1e-6))
            return result
        }
    }
}
