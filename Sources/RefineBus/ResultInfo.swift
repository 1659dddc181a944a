import BusTransport

/// Where the small pictures of a result are, and their size.
public struct PreviewInfo: Sendable, Equatable {
    /// The place of the picture before the fill among the images; those after it follow, one for each variant. Each is
    /// sealed memory of `width * height` pixels of RGB8 without padding.
    public var index: UInt32
    public var width: UInt32
    public var height: UInt32
    /// What part of the upright photo they show, in its pixels: x, y, width, height.
    public var area: [UInt32]

    public init(index: UInt32, width: UInt32, height: UInt32, area: [UInt32]) {
        precondition(area.count == 4, "an area has 4 numbers, not \(area.count)")
        self.index = index
        self.width = width
        self.height = height
        self.area = area
    }

    /// Nil where the entries are missing or of another type.
    init?(_ options: [String: BusValue]) {
        guard let index: UInt32 = options["preview"]?.content(),
            let width: UInt32 = options["preview-width"]?.content(),
            let height: UInt32 = options["preview-height"]?.content(),
            let area: [UInt32] = options["preview-area"]?.content(), area.count == 4
        else { return nil }
        self.init(index: index, width: width, height: height, area: area)
    }

    var busValues: [String: BusValue] {
        [
            "preview": index.busValue, "preview-width": width.busValue, "preview-height": height.busValue,
            "preview-area": area.busValue,
        ]
    }
}

/// What `Job.GetResult` tells about a result.
public struct ResultInfo: Sendable, Equatable {
    /// The seed of the first result.
    public var seed: UInt64
    /// The seed of each result: with it and these steps a call for one result gives the same bytes.
    public var seeds: [UInt64]
    public var steps: UInt32
    public var model: String
    public var generation: String
    public var format: String
    public var width: UInt32
    public var height: UInt32
    /// Bytes from row to row, for raw pixels.
    public var stride: UInt32?
    public var maskedFraction: Double
    /// Codes, such as `mask-covers-most`.
    public var warnings: [String]
    /// Codes about what the format could and could not keep.
    public var notes: [String]
    /// Time by stage.
    public var seconds: [String: Double]
    /// Words of the prompt that the model does not know.
    public var unknownWords: [String]
    /// The material that the prompt named and the hole was filled with, where there is one.
    public var texture: String?
    /// The place of the comparison among the images, where one was asked for.
    public var compareIndex: UInt32?
    /// The small pictures, where they were asked for.
    public var preview: PreviewInfo?
    /// Identifies the algorithms of the engine: the same seed, steps, generation and plan give the same bytes on the
    /// same kind of CPU.
    public var plan: String

    public init(
        seed: UInt64, seeds: [UInt64], steps: UInt32, model: String, generation: String, format: String, width: UInt32,
        height: UInt32, stride: UInt32?, maskedFraction: Double, warnings: [String], notes: [String],
        seconds: [String: Double], unknownWords: [String], compareIndex: UInt32?,
        plan: String
    ) {
        self.seed = seed
        self.seeds = seeds
        self.steps = steps
        self.model = model
        self.generation = generation
        self.format = format
        self.width = width
        self.height = height
        self.stride = stride
        self.maskedFraction = maskedFraction
        self.warnings = warnings
        self.notes = notes
        self.seconds = seconds
        self.unknownWords = unknownWords
        self.compareIndex = compareIndex
        self.plan = plan
    }

    public var busValue: BusValue {
        var options: [String: BusValue] = [
            "seed": seed.busValue, "seeds": seeds.busValue, "steps": steps.busValue, "model": model.busValue,
            "generation": generation.busValue, "format": format.busValue, "width": width.busValue,
            "height": height.busValue, "masked-fraction": maskedFraction.busValue, "warnings": warnings.busValue,
            "notes": notes.busValue, "seconds": seconds.busValue, "unknown-words": unknownWords.busValue,
            "plan": plan.busValue,
        ]
        options["stride"] = stride?.busValue
        options["compare"] = compareIndex?.busValue
        options["texture"] = texture?.busValue
        if let preview { options.merge(preview.busValues) { $1 } }
        return .options(options)
    }

    /// Reads the info of a reply; nil where a documented entry is missing or of another type.
    public init?(_ value: BusValue) {
        guard let options = value.options, let seed: UInt64 = options["seed"]?.content(),
            let steps: UInt32 = options["steps"]?.content(), let model: String = options["model"]?.content(),
            let generation: String = options["generation"]?.content(),
            let format: String = options["format"]?.content(), let width: UInt32 = options["width"]?.content(),
            let height: UInt32 = options["height"]?.content(),
            let masked: Double = options["masked-fraction"]?.content(),
            let warnings: [String] = options["warnings"]?.content(), let notes: [String] = options["notes"]?.content(),
            let seconds: [String: Double] = options["seconds"]?.content(),
            let seeds: [UInt64] = options["seeds"]?.content(),
            let unknownWords: [String] = options["unknown-words"]?.content(),
            let plan: String = options["plan"]?.content()
        else { return nil }
        self.init(
            seed: seed, seeds: seeds, steps: steps, model: model, generation: generation, format: format,
            width: width, height: height, stride: options["stride"]?.content(), maskedFraction: masked,
            warnings: warnings, notes: notes, seconds: seconds, unknownWords: unknownWords,
            compareIndex: options["compare"]?.content(), plan: plan)
        texture = options["texture"]?.content()
        preview = PreviewInfo(options)
    }
}
