import Diffusion
import Layers
import TensorCore
import Testing

/// Golden numbers by diffusers 0.42.1 with torch 2.15.0:
/// ```python
/// s = DDIMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="sample", timestep_spacing="trailing",
///                   rescale_betas_zero_snr=True, clip_sample=False, set_alpha_to_one=True)
/// print([(t, s.alphas_cumprod[t]) for t in (0, 1, ...)])
/// s.set_timesteps(n); print(s.timesteps)
/// x = torch.tensor([1.0, -0.5, 0.25, 2.0])
/// for t in s.timesteps: x = s.step(0.3 * x + t / 1000, t, x, eta=0).prev_sample
/// ```
@Suite("DDIMScheduler against diffusers")
struct DDIMSchedulerTests {
    private func make(_ change: (inout DDIMConfiguration) -> Void = { _ in }) throws -> DDIMScheduler {
        var configuration = DDIMConfiguration()
        change(&configuration)
        return try DDIMScheduler(configuration)
    }

    @Test("alphas_cumprod agree, to the accuracy of diffusers' fp32")
    func alphas() throws {
        let golden: [(Int, Double)] = [
            (0, 0.999958873), (1, 0.999912739), (10, 0.999279082), (100, 0.971574426), (249, 0.847005486),
            (499, 0.493823469), (500, 0.492265046), (749, 0.144249007), (900, 0.0236033145), (998, 2.27781379e-06),
            (999, 0),
        ]
        let scheduler = try make()
        #expect(scheduler.alphasCumulative.count == 1000)
        for (t, alpha) in golden { #expect(abs(scheduler.alphasCumulative[t] - alpha) < 2e-6, "timestep \(t)") }
        #expect(scheduler.alphasCumulative[999] == 0)
        #expect(zip(scheduler.alphasCumulative, scheduler.alphasCumulative.dropFirst()).allSatisfy { $0 > $1 })
    }

    static let golden: [[Int]] = [
        [999], [999, 499], [999, 666, 332], [999, 749, 499, 249], [999, 856, 713, 570, 428, 285, 142],
        [999, 874, 749, 624, 499, 374, 249, 124],
        // Halves are rounded to even numbers.
        [999, 937, 874, 811, 749, 687, 624, 561, 499, 437, 374, 311, 249, 187, 124, 61],
        [
            999, 978, 957, 936, 916, 895, 874, 853, 832, 811, 791, 770, 749, 728, 707, 686, 666, 645, 624, 603, 582,
            561, 541, 520, 499, 478, 457, 436, 416, 395, 374, 353, 332, 311, 291, 270, 249, 228, 207, 186, 166, 145,
            124, 103, 82, 61, 41, 20,
        ],
    ]

    @Test("timesteps agree", arguments: golden)
    func timesteps(_ expected: [Int]) throws {
        #expect(try make().timesteps(steps: expected.count) == expected)
    }

    /// Runs x -> step(0.3 x + t / 1000) over four timesteps.
    private func trajectory(_ scheduler: DDIMScheduler) -> [[Float]] {
        var x = Tensor([1, -0.5, 0.25, 2], shape: [4])
        let timesteps = scheduler.timesteps(steps: 4)
        return timesteps.indices.map { i in
            let output = x * 0.3 + Tensor(repeating: Float(timesteps[i]) / 1000, shape: [4])
            x = scheduler.step(
                sample: x, output: output, from: timesteps[i], to: i < 3 ? timesteps[i + 1] : -1)
            return x.values
        }
    }

    private func expectClose(_ got: [Float], _ golden: [Float], sourceLocation: SourceLocation = #_sourceLocation) {
        for (a, b) in zip(got, golden) {
            #expect(abs(a - b) < 1e-5 * max(1, abs(b)), "\(got)", sourceLocation: sourceLocation)
        }
    }

    @Test("a trajectory of four steps agrees at every step")
    func fourSteps() throws {
        let golden: [[Float]] = [
            [1.41842997, -0.140082777, 0.639173567, 2.45743847], [1.57319093, 0.182564884, 0.877877831, 2.50027466],
            [1.3833828, 0.396075308, 0.889729023, 2.04158759], [0.664014876, 0.367822587, 0.515918732, 0.861476302],
        ]
        for (got, expected) in zip(trajectory(try make()), golden) { expectClose(got, expected) }
    }

    /// The same with `rescale_betas_zero_snr=False` and the schedules and predictions of other models.
    static let otherModels: [(DDIMConfiguration.PredictionType, DDIMConfiguration.BetaSchedule, last: [Float])] = [
        (.epsilon, .linear, [-19.4916897, -102.107399, -60.7995415, 35.5854416]),
        (.epsilon, .scaledLinear, [-5.09940672, -28.7288189, -16.9141121, 10.6535339]),
        (.velocity, .linear, [-0.0509112477, -0.545273781, -0.298092514, 0.278663903]),
        (.velocity, .scaledLinear, [-0.128727823, -0.751638174, -0.440182984, 0.286545753]),
    ]

    @Test("trajectories with other predictions and schedules agree", arguments: 0..<4)
    func others(_ i: Int) throws {
        let (prediction, schedule, golden) = Self.otherModels[i]
        let scheduler = try make {
            $0.predictionType = prediction
            $0.betaSchedule = schedule
            $0.rescaleBetasZeroSNR = false
        }
        let last = try #require(trajectory(scheduler).last)
        // diffusers multiplies a thousand fp32 factors; near pure noise x₀ is 150 times the rounding of ᾱ.
        for (a, b) in zip(last, golden) { #expect(abs(a - b) < 2e-4 * max(1, abs(b)), "\(last)") }
    }

    @Test("one step from pure noise gives the prediction itself")
    func oneStep() throws {
        let scheduler = try make(), output = Tensor([0.5, -3], shape: [2])
        #expect(
            scheduler.step(sample: Tensor([9, 9], shape: [2]), output: output, from: 999, to: -1).values == [0.5, -3])
    }

    static let bad: [@Sendable (inout DDIMConfiguration) -> Void] = [
        { $0.numTrainTimesteps = 0 }, { $0.numTrainTimesteps = -1 }, { $0.numTrainTimesteps = 1 << 40 },
        { $0.betaStart = 0 }, { $0.betaEnd = 1 }, { $0.betaStart = 0.5 }, { $0.clipSample = true },
        { $0.stepsOffset = 1000 },
    ]

    @Test("numbers that make no schedule are refused", arguments: 0..<8)
    func refused(_ i: Int) {
        let error = #expect(throws: ModelError.self) { try make(Self.bad[i]) }
        #expect(error?.code == .badConfiguration)
    }

    @Test("another scheduler's class is refused")
    func otherClass() {
        let error = #expect(throws: ModelError.self) { try make { $0.className = "EulerDiscreteScheduler" } }
        #expect(error?.code == .unsupportedModel && error?.problem.contains("EulerDiscreteScheduler") == true)
    }
}
