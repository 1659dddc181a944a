import Diffusion
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@Suite("Prompts")
struct PromptTests {
    private static var prefill: Tensor {
        Tensor(SmallModel.prefill, shape: [1, 3, SmallModel.height, SmallModel.width])
    }
    private static var mask: Tensor {
        Tensor(
            SmallModel.mask.map { $0 > 0 ? 1 : 0 }, shape: [1, 1, SmallModel.height, SmallModel.width])
    }

    /// Not clamped.
    private func fill(
        _ pipeline: InpaintingPipeline, _ prompt: String?, _ guidance: Float? = nil, steps: Int = 1
    ) -> Tensor {
        let run = pipeline.start(
            prefill: Self.prefill, mask: Self.mask, steps: steps, seed: 3,
            condition: pipeline.condition(prompt: prompt, guidance: guidance))
        while run.completedSteps < run.totalSteps { run.step() }
        return run.tensor()
    }

    @Test("another prompt gives another fill, in the hole alone", arguments: [true, false])
    func prompts(control: Bool) throws {
        let pipeline = try SmallTextModel(control: control).pipeline()
        #expect(pipeline.hasTextEncoder)
        let red = fill(pipeline, "a red wall"), sky = fill(pipeline, "blue sky"), none = fill(pipeline, nil)
        #expect(largestDifference(red, sky) > 1e-3 && largestDifference(red, none) > 1e-3)
        #expect(red.values == fill(pipeline, "A  RED wall").values)
        for (i, value) in red.values.enumerated() where SmallModel.mask[i % SmallModel.mask.count] == 0 {
            #expect(value == SmallModel.prefill[i])
        }
    }

    @Test("guidance goes from the empty text's answer through the prompt's and beyond", arguments: [0, 0.5, 1, 3])
    func guidance(_ guidance: Float) throws {
        let pipeline = try SmallTextModel().pipeline()
        let none = fill(pipeline, nil), red = fill(pipeline, "a red wall", 1)
        let expected = none * (1 - guidance) + red * guidance
        #expect(largestDifference(fill(pipeline, "a red wall", guidance), expected) < 1e-4)
        // Without a prompt there is nothing to be guided by.
        #expect(fill(pipeline, "", guidance).values == none.values)
    }

    @Test("the model's own guidance holds where a call gives none")
    func defaultGuidance() throws {
        let model = try SmallTextModel()
        var index = model.folder.index
        index.defaultGuidance = 2
        let folder = ModelFolder(
            index: index, codec: model.folder.codec, scheduler: model.folder.scheduler, unet: model.folder.unet,
            controlNet: model.folder.controlNet, textEncoder: model.folder.textEncoder,
            tokenizer: model.folder.tokenizer)
        let guided = try InpaintingPipeline(folder: folder, weights: model.weights, others: model.others)
        #expect(fill(guided, "sky").values == fill(try model.pipeline(), "sky", 2).values)
    }

    @Test("each image of a batch attends to the text")
    func batch() throws {
        let pipeline = try SmallTextModel().pipeline(), prompt = pipeline.condition(prompt: "sky", guidance: 2)
        func doubled(_ tensor: Tensor) -> Tensor {
            Tensor(tensor.values + tensor.values, shape: [2] + tensor.shape.dropFirst())
        }
        let run = pipeline.start(
            prefill: doubled(Self.prefill), mask: doubled(Self.mask), steps: 1, seed: 3, condition: prompt)
        run.step()
        // The first image has the first numbers of the noise, as it has alone.
        let half = Array(run.tensor().values.prefix(Self.prefill.count))
        #expect(largestDifference(Tensor(half, shape: Self.prefill.shape), fill(pipeline, "sky", 2)) < 1e-4)
    }

    @Test("a model without a text encoder says so, and fills all the same")
    func noEncoder() throws {
        let plain = try InpaintingPipeline(folder: SmallModel.folder, weights: SmallModel.trained())
        #expect(!plain.hasTextEncoder && plain.condition(prompt: "sky", guidance: nil) == nil)
        let waiting = try SmallTextModel(text: false, wide: true).pipeline()
        #expect(!waiting.hasTextEncoder)
        #expect(fill(waiting, nil).isFinite)
    }

    @Test("a folder with every component is read as it was written", arguments: [true, false])
    func folder(wide: Bool) throws {
        let folder = try TemporaryFolder(), model = try SmallTextModel(wide: wide)
        try model.folder.write(to: folder.path, weights: model.weights, others: model.others, as: .float32)
        let read = try ModelFolder(reading: folder.path)
        #expect(read.controlNet == model.folder.controlNet && read.textEncoder == model.folder.textEncoder)
        #expect(read.tokenizer == model.folder.tokenizer)
        let pipeline = try InpaintingPipeline(directory: folder.path), written = try model.pipeline()
        #expect(fill(pipeline, "red wall", 2, steps: 2).values == fill(written, "red wall", 2, steps: 2).values)
        #expect(pipeline.parameterCount == written.parameterCount)
        #expect(pipeline.unknownWords(in: "a red dragon") == ["dragon"])
    }

    /// File, text, replacement (nil: the file goes), code, the file in the error.
    private static let damages: [(String, String, String?, ModelError.Code)] = [
        ("tokenizer/vocab.json", "", nil, .missingFile), ("text_encoder/config.json", "", nil, .missingFile),
        ("text_encoder/model.safetensors", "", nil, .missingFile), ("controlnet/config.json", "", nil, .missingFile),
        ("text_encoder/config.json", #""hidden_size" : 8"#, #""hidden_size" : 16"#, .badConfiguration),
        ("text_encoder/config.json", #""vocab_size" : 540"#, #""vocab_size" : 200"#, .badConfiguration),
        ("text_encoder/config.json", "clip_text_model", "t5", .unsupportedModel),
        ("controlnet/config.json", "ControlNetModel", "T2IAdapter", .unsupportedModel),
        ("controlnet/config.json", #""layers_per_block" : 1"#, #""layers_per_block" : 2"#, .badConfiguration),
        (
            "controlnet/config.json", #""conditioning_channels" : 68"#, #""conditioning_channels" : 3"#,
            .badConfiguration
        ),
        ("controlnet/config.json", #""cross_attention_dim" : 8"#, #""cross_attention_dim" : 9"#, .badConfiguration),
        (
            "controlnet/config.json", #""projection_class_embeddings_input_dim" : 8"#,
            #""projection_class_embeddings_input_dim" : 9"#, .badConfiguration
        ),
        ("text_encoder/config.json", #""eos_token_id""#, #""no_eos_token_id""#, .badConfiguration),
        (
            "model_index.json", #""default_steps" : 1"#, #""default_guidance" : 99, "default_steps" : 1"#,
            .badConfiguration
        ),
    ]

    @Test("components that are missing or do not fit are refused", arguments: damages.indices)
    func damaged(_ i: Int) throws {
        let (file, old, new, code) = Self.damages[i], folder = try TemporaryFolder(), model = try SmallTextModel()
        try model.folder.write(to: folder.path, weights: model.weights, others: model.others, as: .float32)
        let path = "\(folder.path)/\(file)"
        if let new {
            var text = try String(contentsOfFile: path, encoding: .utf8)
            let range = try #require(text.range(of: old), "\(old) is not in \(text)")
            text.replaceSubrange(range, with: new)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        let error = #expect(throws: ModelError.self) { try InpaintingPipeline(directory: folder.path) }
        #expect(error?.code == code, "\(error.debugDescription)")
    }

    @Test(
        "a student without text, grafted onto one that attends to it, computes what it did: the shipped one's weights")
    func graft() throws {
        let shipped = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Diffusion/Resources/default-student").standardized.path
        // Without a prompt nothing that reads text is computed.
        let old = try InpaintingPipeline(directory: shipped)
        let new = ["up_blocks.2.attentions.", "class_embedding."]
        let loaded = try Safetensors.read("\(shipped)/unet/diffusion_pytorch_model.safetensors").tensors.filter {
            name, _ in
            !new.contains(where: name.hasPrefix)
        }
        let set = ParameterSet(seed: 1, requiresGradient: false)
        let shape = UNetConfiguration.textStudent(codec: old.folder.codec)
        _ = try UNet2DConditionModel(shape, parameters: set)
        let graft = WeightGraft(of: loaded, onto: set)
        #expect(graft.copied.count == loaded.count && graft.unused.isEmpty && graft.misshapen.isEmpty)
        #expect(graft.fresh.allSatisfy { name in new.contains(where: name.hasPrefix) } && !graft.fresh.isEmpty)

        let encoder = ParameterSet(seed: 2, requiresGradient: false)
        _ = try CLIPTextModel(.small(), parameters: encoder)
        #expect(set.count + encoder.count <= 10_000_000, "\(set.count) + \(encoder.count)")
        let tokenizer = CLIPTokenizer.trained(
            on: ["a red wall"], vocabularySize: CLIPTextConfiguration.smallVocabulary,
            length: CLIPTextConfiguration.smallLength)
        let encoderShape = CLIPTextConfiguration.small(end: tokenizer.endToken)
        let folder = ModelFolder(
            index: old.folder.index, codec: old.folder.codec, scheduler: old.folder.scheduler, unet: shape,
            textEncoder: encoderShape, tokenizer: tokenizer)
        let grown = try InpaintingPipeline(
            folder: folder, weights: set.tensors, others: [.textEncoder: encoder.tensors])
        var random = SeededRandom(seed: 3)
        let prefill = (0..<3 * 64 * 32).map { _ in random.uniform() }
        let mask = (0..<64 * 32).map { (i: Int) -> UInt8 in (20..<40).contains(i % 64) ? 255 : 0 }
        func fill(_ pipeline: InpaintingPipeline, _ prompt: String?) -> [Float] {
            let run = pipeline.start(
                prefill: prefill, mask: mask, width: 64, height: 32, steps: 1, seed: 1,
                condition: pipeline.condition(prompt: prompt, guidance: nil))
            run.step()
            return run.image()
        }
        let (filled, expected) = (fill(grown, "a red wall"), fill(old, nil))
        if isSanitized {
            // With AddressSanitizer some numbers differ by 1e-7; why is not known.
            #expect(filled.count == expected.count && zip(filled, expected).allSatisfy { abs($0 - $1) < 1e-6 })
        } else {
            #expect(filled == expected)
        }
    }

    @Test("a graft copies what fits and names the rest")
    func graftReport() throws {
        let set = ParameterSet(seed: 1, requiresGradient: false)
        _ = try UNet2DConditionModel(SmallModel.unet, parameters: set)
        let before = try #require(set.tensors["conv_out.weight"]).copy()
        let graft = WeightGraft(
            of: [
                "conv_in.bias": Tensor(repeating: 5, shape: [8]), "conv_out.bias": Tensor(repeating: 5, shape: [1]),
                "elsewhere": Tensor(repeating: 5, shape: [1]),
            ], onto: set)
        #expect(graft.copied == ["conv_in.bias"] && graft.misshapen == ["conv_out.bias"])
        #expect(graft.unused == ["elsewhere"] && graft.fresh.count == set.all.count - 2)
        #expect(set.tensors["conv_in.bias"]?.values == Array(repeating: 5, count: 8))
        #expect(set.tensors["conv_out.weight"]?.values == before.values)
    }
}
