import Foundation
import KernelBattery
import Layers
import TensorCore
import TestSupport
import Testing

/// The engine on processors that this machine is not, by the libraries' own limits.
@Suite struct ProcessorTests {
    private func forward(
        _ folder: String, _ name: String, _ environment: [String: String] = [:]
    ) async throws -> [Float] {
        let bench = Program.product("refine-bench", bus: nil)
        let output = "\(folder)/\(name).safetensors"
        let arguments = [
            "forward", "\(folder)/model/unet", "--inputs", "\(folder)/in.safetensors", "--output", output,
            "--threads",
            "1",
        ]
        var program = bench
        // With this set the program does not start itself anew.
        program.environment["OMP_WAIT_POLICY"] = "passive"
        program.environment.merge(environment) { $1 }
        let outcome = try await program.run(arguments)
        try #require(outcome.code == 0, "\(name): \(outcome.errors)")
        return try #require(try Safetensors.read(output).tensors["sample"]).values
    }

    @Test func everyProcessorGivesTheSameNumbersUpToRounding() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "refine-cpu-\(UUID().uuidString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try TinyModel.write(to: "\(folder)/model")
        var random = SeededRandom(seed: 1)
        try Safetensors.write(
            ["sample": random.normalTensor([1, 116, 16, 16]), "timestep": Tensor([700], shape: [1])],
            to: "\(folder)/in.safetensors")
        let expected = try await forward(folder, "native")
        let others = [
            try await forward(
                folder, "avx2", ["DNNL_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"]),
            try await forward(
                folder, "sse41", ["DNNL_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Prescott"]),
        ]
        let scale = expected.map(abs).max() ?? 0
        #expect(scale > 0.01, "the numbers must be worth comparing")
        for other in others {
            #expect(zip(expected, other).allSatisfy { abs($0 - $1) < 1e-4 * scale })
        }
    }

    /// Our own kernels as a CPU without AVX runs them, against those that this machine has chosen.
    @Test func baselineKernelsGiveTheSameNumbersUpToRounding() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("refine-kernels-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let outcome = try await Program.product("baseline-kernels", bus: nil).run([file.path])
        try #require(outcome.code == 0, "\(outcome.errors)")
        let baseline = try Data(contentsOf: file).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        var native = [Float](repeating: 0, count: baseline.count)
        try #require(kernel_battery(&native, Int64(native.count)) == native.count)
        var worst: Float = 0
        for (a, b) in zip(baseline, native) { worst = max(worst, abs(a - b)) }
        #expect(baseline.allSatisfy(\.isFinite) && native.allSatisfy(\.isFinite))
        #expect(worst < 2e-5, "largest difference \(worst)")
    }
}
