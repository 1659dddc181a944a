import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

/// refine-bench as people and scripts run it.
@Suite struct BenchTests {
    private let bench = Program.product("refine-bench", bus: nil)

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("refine-bench-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path)
    }

    @Test(
        "--json prints one object with the figures",
        arguments: [
            ["conv", "--height", "8", "--width", "8"], ["conv", "--direction", "weights", "--height", "8"],
            ["gemm", "-m", "16", "-n", "8", "-k", "4"], ["elementwise", "--operation", "group-norm-silu"],
            ["unet", "--width", "16", "--height", "8"], ["train-step", "--batch", "1", "--size", "32"],
            ["prefill", "--size", "64", "--hole", "16"],
        ])
    func figures(_ arguments: [String]) async throws {
        let outcome = try await bench.run(arguments + ["--runs", "2", "--threads", "1", "--json"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        let figures = try #require(
            JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], "\(outcome.output)")
        for key in ["name", "shape", "engine", "blas_core", "plan"] { #expect(figures[key] is String, "\(key)") }
        for key in ["median_s", "min_s", "peak_rss_mb"] { #expect((figures[key] as? Double ?? 0) > 0, "\(key)") }
        #expect(figures["runs"] as? Int == 2 && figures["threads"] as? Int == 1)
        // The first run has filled the pool.
        #expect(figures["fresh_allocations"] as? Int == 0 || arguments.first == "prefill")
    }

    @Test func checkpointsTakeLessMemoryForTheSameWork() async throws {
        func peak(_ more: [String]) async throws -> Double {
            let outcome = try await bench.run(
                ["train-step", "--batch", "8", "--size", "128", "--runs", "1", "--json"] + more)
            let figures = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            return try #require(figures?["peak_tensor_mb"] as? Double, "\(outcome.errors)")
        }
        let whole = try await peak([]), checkpointed = try await peak(["--checkpoint"])
        // Weights, gradients and moments stay.
        #expect(checkpointed < 0.9 * whole)
    }

    @Test(
        "without a plan the rule decides: our Winograd for 3x3, a product for 1x1, oneDNN for strides",
        arguments: [
            (["--kernel", "3"], "winograd"), (["--kernel", "1"], "gemm"), (["--stride", "2"], "onednn-direct"),
        ])
    func rule(_ arguments: [String], _ algorithm: String) async throws {
        for direction in ["forward", "data", "weights"] {
            let outcome = try await bench.run(
                [
                    "conv", "--height", "8", "--width", "8", "--direction", direction, "--no-plan", "--runs", "1",
                    "--json",
                ]
                    + arguments)
            let figures = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            #expect(figures?["algorithm"] as? String == algorithm, "\(outcome.errors)")
        }
    }

    @Test(
        "sizes that make no sense are refused by name",
        arguments: [
            (["conv", "--height", "0"], "--height"),
            (["conv", "--kernel", "9", "--height", "3", "--padding", "0"], "9x9"),
            (["gemm", "-m", "1000000", "-n", "1000000"], "GB"), (["unet", "--width", "12"], "--width"),
            (["train-step", "--size", "30"], "--size"), (["inpaint", "--size", "3"], "--size"),
            (["prefill", "--size", "20", "--hole", "30"], "--hole"), (["elementwise", "--groups", "7"], "--groups"),
        ])
    func refusals(_ arguments: [String], _ named: String) async throws {
        let outcome = try await bench.run(arguments)
        #expect(outcome.code == 64)
        #expect(outcome.errors.contains(named), "\(outcome.errors)")
    }

    @Test func planTimesTheConvolutionsOfAModelAndIsUsedAfterwards() async throws {
        try await withFolder { folder in
            try TinyModel.write(to: "\(folder)/model")
            let path = "\(folder)/plan.json"
            let made = try await bench.run([
                "plan", "--model", "\(folder)/model", "--sizes", "8", "--threads", "1", "--output", path, "--train",
                "--batch", "1",
            ])
            try #require(made.code == 0, "\(made.errors)")
            func used(_ arguments: String...) async throws -> (plan: String?, errors: String) {
                let unet = ["unet", "--model", "\(folder)/model", "--width", "8", "--height", "8", "--json"]
                let outcome = try await bench.run(unet + ["--runs", "1"] + arguments)
                let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
                return (json?["plan"] as? String, outcome.errors)
            }
            let id = try #require(try await used("--plan", path, "--threads", "1").plan)
            #expect(made.output.contains("plan \(id), "))
            #expect(try await used("--no-plan").plan == "rule-1")
            let foreign = try await used("--plan", path, "--threads", "2")
            #expect(foreign.plan == "rule-1" && foreign.errors.contains("another CPU, library or number of threads"))
            try "{".write(toFile: path, atomically: true, encoding: .utf8)
            let damaged = try await used("--plan", path, "--threads", "1")
            #expect(damaged.plan == "rule-1" && damaged.errors.contains("plan ignored"))
        }
    }

    @Test("the same number of threads gives the same bytes, process after process", arguments: [1, 2, 4])
    func sameBytes(threads: Int) async throws {
        try await withFolder { folder in
            try TinyModel.write(to: "\(folder)/model")
            var random = SeededRandom(seed: 1)
            try Safetensors.write(
                ["sample": random.normalTensor([1, 116, 16, 16]), "timestep": Tensor([7], shape: [1])],
                to: "\(folder)/in.safetensors")
            var results: [Data] = []
            for run in 0..<2 {
                let output = "\(folder)/out-\(run).safetensors"
                let outcome = try await bench.run([
                    "forward", "\(folder)/model/unet", "--inputs", "\(folder)/in.safetensors", "--output", output,
                    "--threads", "\(threads)",
                ])
                try #require(outcome.code == 0, "\(outcome.errors)")
                results.append(try Data(contentsOf: URL(fileURLWithPath: output)))
            }
            #expect(results[0] == results[1])
        }
    }

    @Test func forwardRunsAComponentOnGivenTensors() async throws {
        try await withFolder { folder in
            try TinyModel.write(to: "\(folder)/model")
            let sample = Tensor(repeating: 0.5, shape: [2, 116, 16, 8])
            func run(_ tensors: [String: Tensor]) async throws -> Program.Outcome {
                try Safetensors.write(tensors, to: "\(folder)/in.safetensors")
                return try await bench.run([
                    "forward", "\(folder)/model/unet", "--inputs", "\(folder)/in.safetensors", "--output",
                    "\(folder)/out.safetensors",
                ])
            }
            let good = try await run(["sample": sample, "timestep": Tensor([7], shape: [])])
            #expect(good.code == 0, "\(good.errors)")
            let result = try Safetensors.read("\(folder)/out.safetensors").tensors
            #expect(result["sample"]?.shape == [2, 48, 16, 8])

            for (tensors, named) in [
                (["sample": sample], "timestep"), (["timestep": Tensor([7], shape: [1])], "sample"),
                (
                    ["sample": Tensor(repeating: .nan, shape: [1, 116, 8, 8]), "timestep": Tensor([7], shape: [1])],
                    "sample"
                ),
                (["sample": Tensor(repeating: 0, shape: [1, 3, 8, 8]), "timestep": Tensor([7], shape: [1])], "116"),
                (["sample": sample, "timestep": Tensor([1, 2, 3], shape: [3])], "timestep"),
                (["sample": sample, "timestep": Tensor([7], shape: [1]), "text": sample], "text"),
            ] as [([String: Tensor], String)] {
                let bad = try await run(tensors)
                #expect(bad.code != 0 && bad.errors.contains(named), "\(bad.errors)")
            }
        }
    }
}
