import Diffusion

/// The fill of one photo, in steps short enough to be cancelled between them.
///
/// ```swift
/// let task = try FillTask(model: model, image: photo, mask: mask, options: FillOptions(seed: 1))
/// while try task.advance() { report(task.completedSteps, of: task.totalSteps) }
/// let result = try task.finish()
/// ```
/// The holes are cut into crops (`CropPlan`); each is filled smoothly, denoised, given detail and blended into the photo
/// before the next one begins. Where a prompt names a material that the model has pictures of, it is laid over all of them
/// in the end, in place of detail (`TextureLayer`). Not Sendable: it lives on the engine's thread, as its model does.
public final class FillTask {
    /// Units of work in all and done so far: per crop one pre-fill, the denoising steps (of deep holes those at coarser
    /// resolutions too, which are counted once the crop has begun), one blending; and one texture.
    public private(set) var totalSteps: Int
    public private(set) var completedSteps = 0
    /// What the next ``advance()`` does: `prefill`, `denoise`, `blend`; `done` at the end.
    public var stage: String { phase.name }

    private enum Phase {
        case prefill
        case denoise(CropPixels, input: [Float], run: any FillRun)
        case blend(CropPixels, model: (input: [Float], output: [Float])?)
        case texture(PromptedTextures)
        case done

        var name: String {
            switch self {
            case .prefill: "prefill"
            case .denoise: "denoise"
            case .blend, .texture: "blend"
            case .done: "done"
            }
        }
    }

    private let model: FillModel
    private let image: RasterImage
    /// Of the photo's part around the holes, as `hole`, `filled` and `classical` are.
    private let opacity: HoleRegion
    private let steps: Int
    private let seed: UInt64
    /// Whether detail goes into holes that the model fills at the photo's resolution, and at a coarser one.
    private let detail: (fine: Bool, coarse: Bool)
    private var choice: PipelineChoice
    private let unknownWords: [String]
    private let textures: PromptedTextures?
    private let crops: [Crop]
    private var index = 0
    private var phase = Phase.prefill
    /// What is still to be filled; crops that were filled count as known for the next ones.
    private var hole: HoleRegion
    private var filled: RasterPatch
    private var classical: RasterPatch?

    /// How many of the photo's own pixels the box of a result has around what it changes.
    public static let margin = 4

    /// Checks the arguments and plans the crops.
    ///
    /// - Throws: ``FillError`` with `sizeMismatch`, `emptyMask`, `nothingKnown` or `invalidOption`.
    public convenience init(model: FillModel, image: RasterImage, mask: FillMask, options: FillOptions) throws {
        guard mask.width == image.width, mask.height == image.height else {
            throw FillError(
                .sizeMismatch, argument: "mask",
                problem: "\(mask.width)x\(mask.height) for a photo of \(image.width)x\(image.height)",
                remedy: "give a mask of the photo's size")
        }
        try self.init(model: model, image: image, marks: PixelArray(mask.values), options: options)
    }

    /// The same with a mask that stays where it is.
    ///
    /// - Parameters:
    ///   - model: fills the crops.
    ///   - image: the photo.
    ///   - marks: one byte a pixel of the photo, row-major, 128 and more = fill.
    ///   - options: how to fill.
    /// - Throws: as the other one.
    public init(model: FillModel, image: RasterImage, marks: any PixelMemory, options: FillOptions) throws {
        try options.validate(hasTextEncoder: model.info.hasTextEncoder)
        guard marks.byteCount == image.width * image.height else {
            throw FillError(
                .sizeMismatch, argument: "mask",
                problem: "\(marks.byteCount) values for a photo of \(image.width)x\(image.height)",
                remedy: "give one byte per pixel without padding")
        }
        let marked = marks.withPixels {
            HoleRegion.marked(
                in: $0, width: image.width, height: image.height,
                margin: options.dilate + options.feather + Self.margin)
        }
        guard let marked else {
            throw FillError(
                .emptyMask, argument: "mask", problem: "nothing is marked",
                remedy: "paint what is to be filled white on black")
        }
        guard marked.count < marks.byteCount else {
            throw FillError(
                .nothingKnown, argument: "mask", problem: "everything is marked",
                remedy: "leave some of the photo black: white is filled, black is kept")
        }
        let opacity = try marked.region.softened(dilate: options.dilate, feather: options.feather)
        guard !opacity.coversPhoto else {
            throw FillError(
                .nothingKnown, argument: "mask", problem: "grown by dilate and feather, it covers everything",
                remedy: "give a smaller dilate or feather")
        }
        self.model = model
        self.image = image
        self.opacity = opacity
        hole = opacity
        filled = RasterPatch(of: image, opacity.box)
        classical = options.keepsClassical ? filled : nil
        steps = options.steps ?? model.info.defaultSteps
        seed = options.seed
        choice = PipelineChoice(model, prompt: options.prompt, guidance: options.guidance)
        textures = options.detail == false ? nil : try choice.textures()
        // A material would cover the detail of the surroundings: none is looked for.
        detail = textures != nil ? (false, false) : (options.detail ?? (options.steps == nil), options.detail ?? true)
        unknownWords = choice.unknownWords
        crops = CropPlan.make(
            hole: opacity, sizeMultiple: model.pipeline.sizeMultiple, limit: options.largestCrop)
        totalSteps = crops.count * (steps + 2) + (textures == nil ? 0 : 1)
    }

    /// Does one unit of work: the pre-fill of one crop, one denoising step, or one blending.
    ///
    /// - Returns: true while more is left.
    /// - Throws: what the model throws; ``FillError`` with `modelFailed`.
    public func advance() throws -> Bool {
        switch phase {
        case .prefill:
            phase = try begin(crops[index])
        case .denoise(let pixels, let input, let run):
            phase = try denoise(pixels, input: input, run: run)
        case .blend(let pixels, let model):
            let crop = pixels.crop
            // The run is gone by now, and with it the network's memory: the photo's pixels need the room.
            if crop.scale > 1 { FillModel.releaseScratch() }
            if let model { pixels.add(output: model.output, input: model.input) }
            if crop.part != .coarse, crop.scale > 1 ? detail.coarse : detail.fine { pixels.carryDetail() }
            blend(pixels)
        case .texture(let textures):
            TextureLayer.lay(textures, over: &filled, opacity: opacity, seed: seed)
            phase = .done
        case .done:
            return false
        }
        completedSteps += 1
        if case .done = phase { return false }
        return true
    }

    /// The filled photo.
    ///
    /// - Throws: ``FillError`` with `notFinished` before ``advance()`` returned false.
    public func finish() throws -> FillResult {
        guard case .done = phase else {
            throw FillError(
                .notFinished, argument: "image", problem: "\(completedSteps) of \(totalSteps) steps are done",
                remedy: "advance until no more is left")
        }
        let box = opacity.box
        func image(_ patch: RasterPatch) throws -> RasterImage {
            try RasterImage(width: box.width, height: box.height, samples: patch.samples)
        }
        return FillResult(
            box: box, filled: try image(filled),
            changed: try FillMask(width: box.width, height: box.height, values: opacity.values),
            classical: try classical.map(image), generation: choice.generation, unknownWords: unknownWords,
            texture: textures?.material)
    }

    private func begin(_ crop: Crop) throws -> Phase {
        let pixels = CropPixels(crop, from: image, under: filled, hole: hole, whole: opacity)
        guard pixels.hasHole else {
            totalSteps -= steps
            return .blend(pixels, model: nil)
        }
        pixels.prefill()
        // Tiles go on from the model's own first fill, which has no place in a comparison with it.
        if !crop.isTile { classical?.blend(pixels.planes, crop: crop, opacity: opacity, hole: hole, over: image) }
        let input = pixels.modelInput()
        // Another seed for each crop: the same noise twice would show.
        let run = try choice.start(
            prefill: input.planes, mask: input.mask, width: crop.modelWidth, height: crop.modelHeight, steps: steps,
            seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
        totalSteps += run.totalSteps - steps
        if run.completedSteps >= run.totalSteps { return try finished(pixels, input: input.planes, run) }
        return .denoise(pixels, input: input.planes, run: run)
    }

    private func denoise(_ pixels: CropPixels, input: [Float], run: any FillRun) throws -> Phase {
        try run.advance()
        if run.completedSteps < run.totalSteps { return .denoise(pixels, input: input, run: run) }
        return try finished(pixels, input: input, run)
    }

    private func finished(_ pixels: CropPixels, input: [Float], _ run: any FillRun) throws -> Phase {
        let output = run.image()
        guard output.count == input.count, output.allSatisfy(\.isFinite) else {
            throw FillError.modelFailed("its output is not a picture of the crop's size")
        }
        return .blend(pixels, model: (input, output))
    }

    private func blend(_ pixels: CropPixels) {
        let crop = pixels.crop
        filled.blend(pixels.planes, crop: crop, opacity: opacity, hole: hole, over: image)
        if crop.part != .coarse {
            for run in crop.runs {
                let row = (run.y - hole.box.y) * hole.box.width - hole.box.x
                for x in run.from..<run.to { hole.values[row + x] = 0 }
            }
        }
        index += 1
        phase = index < crops.count ? .prefill : textures.map(Phase.texture) ?? .done
    }
}
