import Autograd
import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

/// Runs only where an interpreter with torch, diffusers and safetensors is at hand:
/// `REFINE_PEER_PYTHON=/tmp/peers/bin/python swift test -c release --filter PeerTests`
@Suite(
    "diffusers loads what is written here",
    .enabled(if: ProcessInfo.processInfo.environment["REFINE_PEER_PYTHON"] != nil))
struct PeerTests {
    @Test(
        "a model folder gives the same outputs and schedule in diffusers",
        arguments: [
            Safetensors.ElementType.float32, .float16,
        ])
    func modelFolder(_ type: Safetensors.ElementType) throws {
        let folder = try TemporaryFolder(), fixture = try Fixture("student")
        let model = ModelFolder(
            index: ModelIndex(name: "peer", generation: "1", defaultSteps: 1),
            codec: CodecConfiguration(), scheduler: DDIMConfiguration(), unet: try fixture.configuration)
        try model.write(to: folder.path, weights: fixture.weights, as: type)

        let (unet, _) = try fixture.network(requiresGradient: false), scheduler = try DDIMScheduler(model.scheduler)
        let sample = try fixture.tensor("sample"), timesteps = try fixture.tensor("timesteps")
        var expected = [
            "sample": sample, "timesteps": timesteps,
            "output": unet(Variable(sample), timesteps: timesteps.values).value,
            "alphas": Tensor(scheduler.alphasCumulative.map { Float($0) }, shape: [1000]),
        ]
        // Not 61: there numpy.arange gives diffusers a timestep too many.
        for steps in Array(1...60) + [64, 100] {
            expected["steps.\(steps)"] = Tensor(scheduler.timesteps(steps: steps).map(Float.init), shape: [steps])
        }
        try Safetensors.write(expected, to: "\(folder.path)/expected.safetensors")

        let process = Process()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Peers/check_model_folder.py").standardized
        process.executableURL = URL(
            fileURLWithPath: try #require(ProcessInfo.processInfo.environment["REFINE_PEER_PYTHON"]))
        process.arguments = [script.path, folder.path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
