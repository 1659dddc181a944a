import Autograd
import Layers
import TensorCore

/// A resident inpainting model: weights, codec and schedule. Lives on the thread that runs the engine.
public final class InpaintingPipeline {
    public let folder: ModelFolder
    let unet: UNet2DConditionModel
    let controlNet: ControlNetModel?
    let textEncoder: CLIPTextModel?
    let textPrior: TextPriorModel?
    let scheduler: DDIMScheduler
    let codec: SpaceToDepthCodec
    let textureMemory: TextureMemory?

    /// Loads a model folder.
    /// - Throws: `ModelError` naming the file and what is wrong with it.
    public convenience init(directory: String) throws {
        try self.init(
            ModelFolder(reading: directory), place: directory, textureMemory: TextureMemory(of: directory)
        ) { component in
            try ModelFolder.parameters(of: component, in: directory, requiresGradient: false)
        }
    }

    /// Loads a model that was tuned from this one.
    /// - Throws: `ModelError`, also where its network is another one.
    public func tuned(directory: String) throws -> InpaintingPipeline {
        let tuned = try InpaintingPipeline(directory: directory)
        guard tuned.folder.unet == folder.unet, tuned.folder.codec == folder.codec else {
            throw ModelError(.wrongShape, at: directory, "it was not tuned from the model that is the base now")
        }
        return tuned
    }

    /// A pipeline over weights that are in memory already, for example an average during training.
    /// - Parameters:
    ///   - folder: what the components are.
    ///   - weights: of the U-Net.
    ///   - others: of the other components that the folder has.
    public convenience init(
        folder: ModelFolder, weights: [String: Tensor], others: [ModelFolder.Component: [String: Tensor]] = [:]
    ) throws {
        try self.init(folder, place: folder.index.name, textureMemory: nil) { component in
            let tensors = component == .unet ? weights : others[component] ?? [:]
            return ParameterSet(loaded: tensors, origin: "\(component.rawValue) weights", requiresGradient: false)
        }
    }

    private init(
        _ folder: ModelFolder, place: String, textureMemory: TextureMemory?,
        parameters: (ModelFolder.Component) throws -> ParameterSet
    ) throws {
        self.folder = folder
        self.textureMemory = textureMemory
        unet = try UNet2DConditionModel(folder.unet, parameters: parameters(.unet), origin: "\(place)/unet")
        controlNet = try folder.controlNet.map {
            try ControlNetModel($0, parameters: parameters(.controlNet), origin: "\(place)/controlnet")
        }
        textEncoder = try folder.textEncoder.map {
            try CLIPTextModel($0, parameters: parameters(.textEncoder), origin: "\(place)/text_encoder")
        }
        textPrior = try folder.textPrior.map {
            try TextPriorModel(
                $0, codec: folder.codec, parameters: parameters(.textPrior), origin: "\(place)/text_prior")
        }
        scheduler = try DDIMScheduler(folder.scheduler, origin: "\(place)/scheduler")
        codec = SpaceToDepthCodec(folder.codec)
    }

    /// Gives the buffers that past runs left in the engine's pool back to the system; weights stay.
    public static func releaseScratch() { StoragePool.trim() }

    public var name: String { folder.index.name }
    public var generation: String { folder.index.generation }
    public var defaultSteps: Int { folder.index.defaultSteps }
    public var parameterCount: Int {
        [controlNet?.parameters, textEncoder?.parameters, textPrior?.parameters].reduce(unet.parameters.count) {
            $0 + ($1?.count ?? 0)
        }
    }

    /// Crops must have a width and height that are multiples of this.
    public var sizeMultiple: Int { folder.codec.patchSize * folder.unet.sizeMultiple }

    /// Whether a prompt changes what is filled in.
    public var hasTextEncoder: Bool { textEncoder != nil && (folder.unet.readsText || textPrior != nil) }

    /// The words of a prompt that the model was never trained with, and that call up no material either.
    public func unknownWords(in prompt: String) -> [String] {
        let unknown = folder.tokenizer?.unknownWords(in: textureMemory?.spoken(prompt) ?? prompt) ?? []
        return unknown.filter { textureMemory?.explains($0, in: prompt) != true }
    }

    /// What a prompt calls up from the model's texture memory; nil where it names no material, or the model has no memory
    /// of them.
    /// - Throws: `ModelError` where the pictures cannot be read.
    public func textures(for prompt: String) throws -> PromptedTextures? { try textureMemory?.textures(for: prompt) }

    /// What to attend to in every run of a job.
    /// - Parameters:
    ///   - prompt: what to fill in; nil or empty for what fits. Of no effect in a model without a text encoder.
    ///   - guidance: how strictly to follow the prompt; nil for the model's own. 1 and 0 take one forward pass for a
    ///     step, all else two.
    /// - Returns: nil for a model that reads no text.
    public func condition(prompt: String?, guidance: Float?) -> PromptCondition? {
        let networks = [folder.unet, folder.controlNet?.backbone].compactMap(\.self), hasPrior = textPrior != nil
        guard hasPrior || networks.contains(where: \.readsText) else { return nil }
        guard let textEncoder, let tokenizer = folder.tokenizer else {
            return TextEmbedding.silent(networks, count: 1).map { PromptCondition(text: $0) }
        }
        let prompt = prompt.map { textureMemory?.spoken($0) ?? $0 }
        return PromptCondition(prompt: prompt, guidance: guidance ?? folder.index.defaultGuidance ?? 1) {
            $0.isEmpty && hasPrior ? nil : textEncoder.embedding(of: [tokenizer.encode($0)])
        }
    }

    /// Begins to fill the hole of one crop.
    /// - Parameters:
    ///   - prefill: planar RGB [3, height, width] in 0...1, the hole already filled by interpolation.
    ///   - mask: [height, width], 255 in the hole, 0 elsewhere.
    ///   - width: of the crop, a multiple of what the network folds and halves.
    ///   - height: of the crop, likewise.
    ///   - steps: denoising steps, 1 to 64.
    ///   - seed: of the noise that sampling starts from.
    ///   - condition: of this pipeline; nil for no prompt.
    public func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, seed: UInt64,
        condition: PromptCondition? = nil
    ) -> DenoisingRun {
        precondition(
            prefill.count == 3 * width * height && mask.count == width * height && width % sizeMultiple == 0
                && height % sizeMultiple == 0 && steps >= 1,
            "Diffusion: crop of \(width)x\(height), \(prefill.count) values, mask of \(mask.count), \(steps) steps")
        let plane = mask.map { $0 >= 128 ? Float(1) : 0 }
        return start(
            prefill: Tensor(prefill, shape: [1, 3, height, width]),
            mask: Tensor(plane, shape: [1, 1, height, width]), steps: steps, seed: seed, condition: condition)
    }

    /// The same for a batch: `prefill` [N, 3, H, W], `mask` [N, 1, H, W] with 1 in the hole.
    public func start(
        prefill: Tensor, mask: Tensor, steps: Int, seed: UInt64, condition: PromptCondition? = nil,
        coarseLevels: Int = CoarseToFine.most
    ) -> DenoisingRun {
        DenoisingRun(
            pipeline: self, prefill: prefill, mask: mask, steps: steps, seed: seed,
            prompt: condition ?? self.condition(prompt: nil, guidance: nil), coarseLevels: coarseLevels)
    }

    /// What the text prior adds to every forward pass of a run; nil where there is none or nothing is said to it.
    func priorShift(_ condition: SpaceToDepthCodec.Condition, text: TextEmbedding?) -> Tensor? {
        guard let textPrior, let text else { return nil }
        return textPrior(text.repeated(condition.hole.shape[0]), condition).value
    }

    /// One forward pass: the U-Net's output for x_t [N, 3 p², H/p, W/p].
    func predict(
        _ sample: Tensor, _ condition: SpaceToDepthCodec.Condition, timestep: Int, text: TextEmbedding?
    ) -> Tensor {
        let batch = sample.shape[0], timesteps = Array(repeating: Float(timestep), count: batch)
        let text = text?.repeated(batch)
        func input(channels: Int) -> Variable {
            Variable(
                channels == folder.codec.residualChannels
                    ? sample : Tensor.concatenated([sample, condition.channels]))
        }
        let residuals = controlNet.map { network in
            let backbone = network.configuration.backbone
            return network(
                input(channels: backbone.inChannels), timesteps: timesteps,
                encoderHiddenStates: backbone.hiddenStates(text), classLabels: backbone.classLabels(text),
                control: Variable(condition.channels))
        }
        return unet(
            input(channels: folder.unet.inChannels), timesteps: timesteps,
            encoderHiddenStates: folder.unet.hiddenStates(text), classLabels: folder.unet.classLabels(text),
            additionalResiduals: residuals
        ).value
    }
}
