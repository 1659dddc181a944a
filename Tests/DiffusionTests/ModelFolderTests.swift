import Diffusion
import Foundation
import Layers
import TensorCore
import Testing

@Suite("ModelFolder")
struct ModelFolderTests {
    private static let weightFile = "unet/diffusion_pytorch_model.safetensors"

    private func written(_ weights: [String: Tensor]? = nil) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try SmallModel.folder.write(to: folder.path, weights: weights ?? SmallModel.trained(), as: .float32)
        return folder
    }

    /// Expects that loading is refused, with the file in the error.
    @discardableResult private func expectRefused(
        _ folder: TemporaryFolder, _ code: ModelError.Code, at file: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ModelError? {
        let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) {
            _ = try InpaintingPipeline(directory: folder.path)
        }
        #expect(error?.code == code, "\(error.debugDescription)", sourceLocation: sourceLocation)
        if let file { #expect(error?.place == "\(folder.path)/\(file)", sourceLocation: sourceLocation) }
        return error
    }

    /// Replaces the first occurrence of `old` in a configuration.
    private func edit(_ folder: TemporaryFolder, _ file: String, _ old: String, _ new: String) throws {
        let path = "\(folder.path)/\(file)"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        let range = try #require(text.range(of: old, options: .regularExpression), "\(old) is not in \(text)")
        text.replaceSubrange(range, with: new)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test("what was written is read again and computes the same, for the owner's eyes only")
    func roundTrip() throws {
        let weights = try SmallModel.trained(), folder = try written(weights)
        let read = try ModelFolder(reading: folder.path)
        #expect(read.index == SmallModel.folder.index && read.codec == SmallModel.folder.codec)
        #expect(read.unet == SmallModel.folder.unet && read.scheduler == SmallModel.folder.scheduler)
        let pipeline = try InpaintingPipeline(directory: folder.path)
        #expect(pipeline.name == "small" && pipeline.generation == "1" && pipeline.defaultSteps == 2)
        #expect(pipeline.parameterCount == weights.values.reduce(0) { $0 + $1.count })
        func fill(_ pipeline: InpaintingPipeline) -> [Float] {
            let run = pipeline.start(
                prefill: SmallModel.prefill, mask: SmallModel.mask, width: SmallModel.width,
                height: SmallModel.height, steps: 1, seed: 1)
            run.step()
            return run.image()
        }
        #expect(fill(pipeline) == fill(try InpaintingPipeline(folder: SmallModel.folder, weights: weights)))
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(file)")
            let mode = try #require(attributes[.posixPermissions] as? Int)
            #expect(mode & 0o077 == 0, "\(file) has mode \(String(mode, radix: 8))")
        }
    }

    @Test(
        "fp16 and bf16 weights are read as what they were rounded to",
        arguments: [
            Safetensors.ElementType.float16, .bfloat16,
        ])
    func smallTypes(_ type: Safetensors.ElementType) throws {
        let weights = try SmallModel.trained(), folder = try TemporaryFolder()
        try SmallModel.folder.write(to: folder.path, weights: weights, as: type)
        let read = try ModelFolder.unetParameters(in: folder.path, requiresGradient: false)
        _ = try UNet2DConditionModel(SmallModel.unet, parameters: read)
        for (name, tensor) in read.tensors {
            let original = try #require(weights[name])
            #expect(largestDifference(tensor, original) < 0.01)
        }
    }

    @Test("a folder that is not there is named")
    func noFolder() {
        let error = #expect(throws: ModelError.self) { try InpaintingPipeline(directory: "/nonexistent/model") }
        #expect(error?.code == .missingFile && error?.place == "/nonexistent/model")
    }

    @Test(
        "each missing file is named",
        arguments: [
            "model_index.json", "codec/config.json", "scheduler/scheduler_config.json", "unet/config.json", weightFile,
        ])
    func missingFile(_ file: String) throws {
        let folder = try written()
        try FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
        expectRefused(folder, .missingFile, at: file)
    }

    @Test("truncated weights are refused", arguments: [0, 7, 8, 100, 5000, -1])
    func truncatedWeights(_ length: Int) throws {
        let folder = try written(), url = URL(fileURLWithPath: "\(folder.path)/\(Self.weightFile)")
        let data = try Data(contentsOf: url)
        try data.prefix(length < 0 ? data.count + length : length).write(to: url)
        expectRefused(folder, .damagedFile, at: Self.weightFile)
    }

    @Test("weights that are missing, left over, misshapen or not finite are refused and named")
    func wrongWeights() throws {
        func refused(_ code: ModelError.Code, naming name: String, _ change: (inout [String: Tensor]) -> Void) throws {
            var weights = try SmallModel.trained()
            change(&weights)
            let error = expectRefused(try written(weights), code, at: Self.weightFile)
            #expect(error?.problem.contains("\"\(name)\"") == true)
        }
        try refused(.missingWeight, naming: "conv_out.bias") { $0["conv_out.bias"] = nil }
        try refused(.unknownWeight, naming: "extra") { $0["extra"] = Tensor([1], shape: [1]) }
        try refused(.wrongShape, naming: "conv_in.bias") { $0["conv_in.bias"] = Tensor(repeating: 0, shape: [9]) }
        try refused(.notFinite, naming: "conv_in.bias") { $0["conv_in.bias"] = Tensor(repeating: .nan, shape: [8]) }
    }

    @Test(
        "configurations that are cut short or no JSON are refused",
        arguments: [
            "model_index.json", "codec/config.json", "scheduler/scheduler_config.json", "unet/config.json",
        ])
    func noJSON(_ file: String) throws {
        let folder = try written(), url = URL(fileURLWithPath: "\(folder.path)/\(file)")
        let whole = try Data(contentsOf: url)
        for data in [Data(), whole.prefix(whole.count / 2), Data("[]".utf8), Data([0xFF, 0x00])] {
            try data.write(to: url)
            expectRefused(folder, .badConfiguration, at: file)
        }
    }

    /// File, regular expression, replacement, code.
    private static let edits: [(String, String, String, ModelError.Code)] = [
        ("model_index.json", "RefineInpaintingPipeline", "StableDiffusionPipeline", .unsupportedModel),
        ("model_index.json", #""default_steps" : 2"#, #""default_steps" : 0"#, .badConfiguration),
        ("model_index.json", #""default_steps" : 2"#, #""default_steps" : 65"#, .badConfiguration),
        ("model_index.json", #""generation" : "1","#, "", .badConfiguration),
        ("codec/config.json", "SpaceToDepthCodec", "AutoencoderKL", .unsupportedModel),
        ("codec/config.json", #""patch_size" : 4"#, #""patch_size" : 2"#, .badConfiguration),
        ("codec/config.json", #""residual_scale" : 0.5"#, #""residual_scale" : -1"#, .badConfiguration),
        ("codec/config.json", #""contrast_floor" : [0-9.e-]+"#, #""contrast_floor" : 0"#, .badConfiguration),
        ("scheduler/scheduler_config.json", "trailing", "leading", .badConfiguration),
        ("scheduler/scheduler_config.json", "DDIMScheduler", "PNDMScheduler", .unsupportedModel),
        ("unet/config.json", "UNet2DConditionModel", "UNet2DModel", .unsupportedModel),
        ("unet/config.json", "AttnDownBlock2D", "SimpleCrossAttnDownBlock2D", .badConfiguration),
        ("unet/config.json", "AttnDownBlock2D", "CrossAttnDownBlock2D", .missingWeight),
        ("unet/config.json", #""in_channels" : 116"#, #""in_channels" : 9"#, .badConfiguration),
        ("unet/config.json", #""in_channels" : 116"#, #""in_channels" : "many""#, .badConfiguration),
        ("unet/config.json", #""norm_num_groups" : 4"#, #""norm_num_groups" : 3"#, .badConfiguration),
        ("unet/config.json", #""norm_num_groups" : 4"#, #""norm_num_groups" : 0"#, .badConfiguration),
        ("unet/config.json", #""attention_head_dim" : 8"#, #""attention_head_dim" : 5"#, .badConfiguration),
        ("unet/config.json", #""attention_head_dim" : 8"#, #""attention_head_dim" : 0"#, .badConfiguration),
        ("unet/config.json", #""layers_per_block" : 1"#, #""layers_per_block" : 1000000"#, .badConfiguration),
        ("unet/config.json", #""layers_per_block" : 1"#, #""layers_per_block" : 2"#, .missingWeight),
        ("unet/config.json", #""freq_shift" : 0"#, #""freq_shift" : 4"#, .badConfiguration),
        ("unet/config.json", #""freq_shift" : 0"#, #""freq_shift" : -1"#, .badConfiguration),
        ("unet/config.json", #"8,\s+16"#, "8", .badConfiguration),
        ("unet/config.json", #"8,\s+16"#, "0, 0", .badConfiguration),
        ("unet/config.json", #"8,\s+16"#, "8, -16", .badConfiguration),
        ("unet/config.json", #"8,\s+16"#, "8, 8", .wrongShape),
    ]

    @Test("configurations that describe no model are refused", arguments: edits.indices)
    func badConfiguration(_ i: Int) throws {
        let (file, old, new, code) = Self.edits[i], folder = try written()
        try edit(folder, file, old, new)
        expectRefused(folder, code)
    }

    @Test("a folder that cannot be written is an error")
    func cannotWrite() throws {
        let folder = try TemporaryFolder()
        // A file where the folder should be.
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/unet"))
        let error = #expect(throws: ModelError.self) {
            try SmallModel.folder.write(to: folder.path, weights: SmallModel.trained(), as: .float16)
        }
        #expect(error?.code == .cannotWrite && error?.place == "\(folder.path)/unet")
    }
}
