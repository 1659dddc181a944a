import Inpainting
import Logging
import RefineBus

/// The engine port on the real engine. Lives on the engine's thread, as the model does.
final class InpaintingEngine: FillEngine {
    private let model: FillModel
    let info: EngineInfo
    /// Nil where there is a plan, or no need or place for one.
    private var planMaker: FillPlanMaker?

    /// Loads a model folder and keeps its weights.
    ///
    /// - Parameters:
    ///   - directory: the model's folder.
    ///   - base: that of what it was tuned from, which is kept as well; nil for a model that was not tuned.
    /// - Throws: `RefineError` with code `noModel` that says which file is missing, damaged or of a wrong shape.
    init(directory: String, tunedFrom base: String? = nil) throws {
        do {
            model = try FillModel(directory: directory, tunedFrom: base)
        } catch {
            // Its text ends with what to do about the file.
            let text = "\(error)"
            let end = text.firstRange(of: "; ")
            throw RefineError(
                .noModel, "model", "not-loaded", String(text[..<(end?.lowerBound ?? text.endIndex)]),
                remedy: (end.map { text[$0.upperBound...] + ", " } ?? "") + "then restart refined")
        }
        let info = model.info
        let computing = FillModel.computing
        var known = EngineInfo(
            name: info.name, generation: info.generation, parameterCount: info.parameterCount,
            defaultSteps: info.defaultSteps, hasTextEncoder: info.hasTextEncoder, plan: FillModel.planID)
        known.blasCore = computing.core
        known.detectedBLASCore = computing.detectedCore
        known.threads = computing.threads
        self.info = known
        planMaker = FillPlanMaker(model)
    }

    func prepareFurther() -> Bool {
        let log = Logger(label: "refined")
        switch planMaker?.advance() {
        case nil: return false
        case .moreIsLeft: return true
        case .made: log.info("convolution plan made; it takes effect with the next start")
        case .failed(let reason): log.notice("convolution plan not kept", metadata: ["reason": "\(reason)"])
        }
        planMaker = nil
        FillModel.releaseScratch()
        return false
    }

    func begin(_ photo: RawPhoto, _ request: FillRequest) throws -> any FillRun {
        try Self.refining {
            var options = FillOptions(steps: request.steps, seed: request.seed)
            options.prompt = request.prompt
            options.guidance = request.guidance.map { Float($0) }
            options.detail = request.detail
            if let feather = request.feather { options.feather = feather }
            if let dilate = request.dilate { options.dilate = dilate }
            options.keepsClassical = request.keepsClassical
            let image = try RasterImage(
                width: photo.width, height: photo.height, bitDepth: photo.bitDepth, memory: photo.pixels)
            let task = try FillTask(model: model, image: image, marks: photo.mask, options: options)
            return InpaintingRun(task, steps: request.steps ?? info.defaultSteps)
        }
    }

    /// Runs `body` with the engine's errors as those of the bus.
    static func refining<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as FillError {
            let code: RefineError.Code =
                switch error.code {
                case .sizeMismatch, .emptyMask, .nothingKnown, .invalidOption: .invalidArgument
                case .notFinished, .modelFailed: .failed
                }
            throw RefineError(code, error.argument, error.code.rawValue, error.problem, remedy: error.remedy)
        }
    }
}

/// One fill of the real engine.
private final class InpaintingRun: FillRun {
    private let task: FillTask
    private let steps: Int

    init(_ task: FillTask, steps: Int) {
        self.task = task
        self.steps = steps
    }

    var totalSteps: Int { task.totalSteps }
    var completedSteps: Int { task.completedSteps }
    var stage: String { task.stage == "done" ? "blend" : task.stage }

    func advance() throws -> Bool {
        try InpaintingEngine.refining { try task.advance() }
    }

    func finish() throws -> FillOutcome {
        let result = try InpaintingEngine.refining { try task.finish() }
        FillModel.releaseScratch()
        return FillOutcome(
            box: result.box, filled: Self.samples(result.filled), changed: result.changed.values,
            classical: result.classical.map(Self.samples), steps: steps, generation: result.generation,
            unknownWords: result.unknownWords, texture: result.texture)
    }

    private static func samples(_ image: RasterImage) -> RawPhoto.Samples {
        switch image.samples {
        case .u8(let values): .u8(values)
        case .u16(let values): .u16(values)
        }
    }
}

extension EngineRoom {
    /// A room with the model in `directory`, loaded when first asked for.
    ///
    /// - Throws: `EngineThreadError`.
    public init(modelDirectory directory: String) throws {
        try self.init {
            Self.adoptPlan()
            return try InpaintingEngine(directory: directory)
        }
    }

    /// A room with the generation in use and its base, or the base alone where there is none that can be loaded.
    ///
    /// - Throws: `EngineThreadError`.
    public init(generations: GenerationStore) throws {
        try self.init {
            Self.adoptPlan()
            generations.settle()
            while true {
                let (folder, generation) = generations.current()
                guard let generation else { return try InpaintingEngine(directory: folder) }
                do {
                    return try InpaintingEngine(directory: folder, tunedFrom: generations.base)
                } catch {
                    // A base that cannot be loaded is told to the caller: it says nothing of what was tuned from it.
                    _ = try FillModel(directory: generations.base)
                    guard generations.reject(generation, reason: "cannot be loaded") else { throw error }
                }
            }
        }
    }

    private static func adoptPlan() {
        guard let problem = FillModel.adoptPlan() else { return }
        Logger(label: "refined").notice("convolution plan ignored", metadata: ["reason": "\(problem)"])
    }
}
