import Foundation
import Layers
import TensorCore

/// Deterministic sampling of denoising diffusion models (Song et al. 2021, η = 0).
///
/// The configuration of a `PNDMScheduler` is taken as well: it has the same betas and timesteps.
public struct DDIMScheduler: Sendable {
    public let configuration: DDIMConfiguration
    /// ᾱ_t for every training timestep, falling from nearly 1 to (with zero terminal SNR) 0.
    public let alphasCumulative: [Double]

    /// - Throws: `ModelError` when a number of the configuration makes no schedule.
    public init(_ c: DDIMConfiguration, origin: String = "scheduler") throws {
        guard ["DDIMScheduler", "PNDMScheduler"].contains(c.className) else {
            throw ModelError(.unsupportedModel, at: origin, "scheduler \"\(c.className)\" is not DDIMScheduler")
        }
        guard (1...100_000).contains(c.numTrainTimesteps), c.betaStart > 0, c.betaEnd < 1, c.betaStart <= c.betaEnd,
            !c.clipSample, (0..<c.numTrainTimesteps).contains(c.stepsOffset)
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

    /// The timesteps of an N-step run, noisiest first.
    ///
    /// For trailing spacing diffusers rounds `numpy.arange(n, 0, -n / steps)`: halves go to the even number, and the stride is the rounded
    /// difference of the first two, which decides what is a half.
    public func timesteps(steps: Int) -> [Int] {
        if configuration.timestepSpacing == .leading {
            let count = configuration.numTrainTimesteps, stride = max(count / steps, 1)
            return (0..<steps).reversed().map { min($0 * stride + configuration.stepsOffset, count - 1) }
        }
        let n = Double(configuration.numTrainTimesteps)
        let stride = (n - n / Double(steps)) - n
        return (0..<steps).map { Int((n + Double($0) * stride).rounded(.toNearestOrEven)) - 1 }
    }

    /// √ᾱ and √(1 - ᾱ) at a timestep: the shares of signal and noise. Before the first timestep all is signal, or as
    /// much as there, by `setAlphaToOne`.
    public func shares(at timestep: Int) -> (signal: Float, noise: Float) {
        guard timestep >= 0 || !configuration.setAlphaToOne else { return (1, 0) }
        let alpha = alphasCumulative[max(timestep, 0)]
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
