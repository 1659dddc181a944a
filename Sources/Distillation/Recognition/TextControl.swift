import Layers
import TensorCore

/// How far a prompt decides what a hole is filled with: what is seen in fills that were asked for each material or colour,
/// beside what is seen in fills that were asked for nothing.
public struct TextControl: Encodable {
    /// What was prompted, and what was seen.
    public let prompted: ConfusionMatrix
    /// Of fills without a prompt: the share of holes in which each prompted class is seen.
    public let withoutPrompt: [String: Double]
    /// The mean of `withoutPrompt` over the prompted classes: the rate that a prompt has to beat.
    public let rateWithoutPrompt: Double
    /// Holes.
    public let layouts: Int

    /// Held-out layouts of procedural scenes whose holes are wide enough to show a texture.
    /// - Returns: RGB [N, 3, S, S] and masks [N, 1, S, S].
    public static func layouts(count: Int) -> (images: Tensor, masks: Tensor) {
        MaterialSamples(seed: 0x001A_B007_5, scenes: count).layouts(count: count)
    }

    /// Fills every hole once for each material, and once without a prompt.
    /// - Parameters:
    ///   - classifier: says what a fill shows.
    ///   - holes: [N, 1, H, W].
    ///   - materials: what to ask for.
    ///   - fill: fills all holes, [N, 3, H, W], for a prompt; nil for none.
    public init(
        _ classifier: MaterialClassifier, holes: Tensor, materials: [SceneContent],
        fill: (String?) throws -> Tensor
    ) rethrows {
        let labels = MaterialClassifier.materials.map(\.name)
        try self.init(labels: labels, asked: materials.map { ($0.name, $0.name) }, holes: holes, fill: fill) {
            classifier.classify($0, holes: holes)
        }
    }

    /// Asks every hole for a wall of each colour. What a fill shows is the name of the mean colour in the hole, as captions
    /// have it; it takes no classifier.
    /// - Parameters:
    ///   - holes: [N, 1, H, W].
    ///   - fill: fills all holes, [N, 3, H, W], for a prompt; nil for none.
    public init(coloursIn holes: Tensor, fill: (String?) throws -> Tensor) rethrows {
        let colours = Palette.names
        try self.init(labels: colours, asked: colours.map { ($0, "a \($0) wall") }, holes: holes, fill: fill) { fills in
            let plane = holes.count / holes.shape[0]
            return (0..<holes.shape[0]).map { n in
                var sum = SIMD3<Float>.zero, area: Float = 0
                for i in 0..<plane where holes.pointer[n * plane + i] > 0.5 {
                    for c in 0..<3 { sum[c] += min(max(fills.pointer[(3 * n + c) * plane + i], 0), 1) }
                    area += 1
                }
                return colours.firstIndex(of: Palette.name(ofEncoded: sum / max(area, 1))) ?? 0
            }
        }
    }

    /// - Parameters:
    ///   - labels: of all classes.
    ///   - asked: what to ask for: a label, and the prompt for it.
    ///   - see: the class of each fill, [N, 3, H, W].
    private init(
        labels: [String], asked: [(label: String, prompt: String)], holes: Tensor, fill: (String?) throws -> Tensor,
        see: (Tensor) -> [Int]
    ) rethrows {
        var matrix = ConfusionMatrix(labels: labels)
        let plain = see(try fill(nil))
        for (label, prompt) in asked {
            guard let expected = labels.firstIndex(of: label) else { continue }
            for found in see(try fill(prompt)) { matrix.add(expected: expected, found: found) }
        }
        prompted = matrix
        layouts = holes.shape[0]
        let rates = asked.map { label, _ in
            (label, Double(plain.count { labels[$0] == label }) / Double(plain.count))
        }
        withoutPrompt = Dictionary(uniqueKeysWithValues: rates)
        rateWithoutPrompt = rates.reduce(0) { $0 + $1.1 } / Double(max(rates.count, 1))
    }
}

extension TextControl {
    /// The confusion matrix, and what it has to be compared with.
    public var markdown: String {
        prompted.markdown
            + String(
                format:
                    "%d holes, each filled for every prompt; without a prompt what is asked for is seen in "
                    + "%.1f %% of them\n", layouts, 100 * rateWithoutPrompt)
    }
}

extension ValidationSet {
    /// Held-out layouts of procedural scenes whose holes are wide enough to show a texture.
    public static func textControl(count: Int) -> ValidationSet {
        let (images, masks) = TextControl.layouts(count: count)
        return ValidationSet(
            name: "layouts", images: images, masks: masks, photos: (0..<count).map { "layout \($0)" })
    }
}
