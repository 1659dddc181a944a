import Diffusion
import Inpainting

/// Numbers that look random and are the same everywhere: SplitMix64.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    mutating func image(width: Int, height: Int, bitDepth: Int) throws -> RasterImage {
        let count = 3 * width * height
        let samples: RasterImage.Samples =
            bitDepth == 8
            ? .u8((0..<count).map { _ in UInt8(truncatingIfNeeded: next()) })
            : .u16((0..<count).map { _ in UInt16(truncatingIfNeeded: next()) })
        return try RasterImage(width: width, height: height, samples: samples)
    }

    /// Boxes and single pixels, some of them at the border; neither nothing nor everything.
    mutating func mask(width: Int, height: Int) throws -> FillMask {
        precondition(width * height >= 2)
        while true {
            var values = [UInt8](repeating: 0, count: width * height)
            for _ in 0..<int(1...3) {
                let (w, h) = (int(1...max(1, width / 2)), int(1...max(1, height / 2)))
                let (left, top) = (int(0...(width - w)), int(0...(height - h)))
                for y in top..<(top + h) {
                    for x in left..<(left + w) { values[y * width + x] = 255 }
                }
            }
            for _ in 0..<int(0...4) { values[int(0...(values.count - 1))] = 255 }
            if values.contains(0) { return try FillMask(width: width, height: height, values: values) }
        }
    }
}

/// `[3, side, side]` of a grey picture.
func greyPlanes(_ side: Int, _ value: (Int, Int) -> Float) -> [Float] {
    let grey = (0..<(side * side)).map { value($0 % side, $0 / side) }
    return grey + grey + grey
}

/// Mean and standard deviation.
func spread(of values: [Float]) -> (mean: Float, deviation: Float) {
    let mean = values.reduce(0, +) / Float(values.count)
    return (mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(values.count)).squareRoot())
}

/// A model that answers with a picture made by a closure, and keeps a record of what it was asked.
final class FakePipeline: FillPipeline {
    struct Request: Equatable {
        var width: Int
        var height: Int
        var steps: Int
        var seed: UInt64
        var prefill: [Float]
        var mask: [UInt8]
        var prompt: String?
        var guidance: Float?
    }

    let name = "fake"
    let generation: String
    let parameterCount = 0
    let defaultSteps = 2
    let hasTextEncoder: Bool
    let sizeMultiple: Int
    private(set) var requests: [Request] = []
    private let answer: (Request) -> [Float]
    private let stuck: Bool
    private var asked: (prompt: String?, guidance: Float?)
    /// Words with a z that it knows all the same.
    var known: Set<String> = []
    /// What a prompt with its material's name calls up.
    var memory: PromptedTextures?
    /// How often the text was encoded.
    private(set) var encodings = 0

    init(
        generation: String = "1", sizeMultiple: Int = 32, stuck: Bool = false, hasTextEncoder: Bool = false,
        answer: @escaping (Request) -> [Float]
    ) {
        self.generation = generation
        self.sizeMultiple = sizeMultiple
        self.hasTextEncoder = hasTextEncoder
        self.stuck = stuck
        self.answer = answer
    }

    func unknownWords(in prompt: String) -> [String] {
        prompt.split(separator: " ").map(String.init).filter { $0.hasPrefix("z") && !known.contains($0) }
    }

    func textures(for prompt: String) throws -> PromptedTextures? {
        guard let memory, prompt.contains(memory.material) else { return nil }
        return memory
    }

    func condition(prompt: String?, guidance: Float?) -> PromptCondition? {
        asked = (prompt, guidance)
        encodings += 1
        return nil
    }

    func start(
        prefill: [Float], mask: [UInt8], width: Int, height: Int, steps: Int, seed: UInt64,
        condition: PromptCondition?
    ) throws -> FakeRun {
        let request = Request(
            width: width, height: height, steps: steps, seed: seed, prefill: prefill, mask: mask,
            prompt: asked.prompt, guidance: asked.guidance)
        requests.append(request)
        return FakeRun(totalSteps: steps, stuck: stuck) { self.answer(request) }
    }

    /// The pre-fill as it is.
    static func identity() -> FakePipeline { FakePipeline { $0.prefill } }

    /// Noise from the seed: inside of the hole and, to show that nobody looks there, outside, too.
    static func noise() -> FakePipeline {
        FakePipeline { request in
            var random = TestRandom(request.seed)
            return request.prefill.map { _ in Float(random.next() >> 40) / Float(1 << 24) }
        }
    }
}

final class FakeRun: FillRun {
    let totalSteps: Int
    private(set) var completedSteps = 0
    private let stuck: Bool
    private let make: () -> [Float]

    init(totalSteps: Int, stuck: Bool, make: @escaping () -> [Float]) {
        self.totalSteps = totalSteps
        self.stuck = stuck
        self.make = make
    }

    func step() throws { if !stuck { completedSteps += 1 } }
    func image() -> [Float] { make() }
}

/// Runs a task to its end.
func fill(
    _ image: RasterImage, _ mask: FillMask, _ options: FillOptions, with pipeline: FakePipeline
) throws -> FillResult {
    try fill(image, mask, options, model: FillModel(pipeline: pipeline))
}

/// Runs a task to its end.
func fill(_ image: RasterImage, _ mask: FillMask, _ options: FillOptions, model: FillModel) throws -> FillResult {
    var options = options
    options.keepsClassical = true
    let task = try FillTask(model: model, image: image, mask: mask, options: options)
    while try task.advance() {}
    return try task.finish()
}

extension FillResult {
    /// The whole photo with a picture of this result laid over it.
    func over(_ image: RasterImage, _ part: RasterImage? = nil) -> [Int] {
        var whole = samplesOf(image)
        let part = samplesOf(part ?? filled)
        for y in 0..<box.height {
            let start = 3 * ((box.y + y) * image.width + box.x)
            whole.replaceSubrange(
                start..<(start + 3 * box.width), with: part[(3 * y * box.width)..<(3 * (y + 1) * box.width)])
        }
        return whole
    }

    /// The opacity of every pixel of the photo.
    func opacity(_ image: RasterImage) -> [UInt8] {
        var whole = [UInt8](repeating: 0, count: image.width * image.height)
        for y in 0..<box.height {
            let start = (box.y + y) * image.width + box.x
            whole.replaceSubrange(
                start..<(start + box.width), with: changed.values[(y * box.width)..<((y + 1) * box.width)])
        }
        return whole
    }
}

/// The samples as numbers, whatever their depth.
func samplesOf(_ image: RasterImage) -> [Int] {
    switch image.samples {
    case .u8(let samples): samples.map(Int.init)
    case .u16(let samples): samples.map(Int.init)
    }
}

/// The code of the ``FillError`` that `body` throws.
func fillErrorCode(_ body: () throws -> Void) -> FillError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? FillError)?.code
    }
}
