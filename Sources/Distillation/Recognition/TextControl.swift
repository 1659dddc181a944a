import Layers
import TensorCore

/// How far a prompt decides what a hole is filled with: the classifier's word on fills that were asked for each material,
/// beside its word on fills that were asked for nothing.
public struct TextControl: Encodable {
    /// What was prompted, and what was seen.
    public let prompted: ConfusionMatrix
    /// Of fills without a prompt: the share of holes in which each prompted material is seen.
    public let withoutPrompt: [String: Double]
    /// The mean of `withoutPrompt` over the prompted materials: the rate that a prompt has to beat.
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
        let all = MaterialClassifier.materials
        var matrix = ConfusionMatrix(labels: all.map(\.name))
        let plain = classifier.classify(try fill(nil), holes: holes)
        for material in materials {
            guard let expected = all.firstIndex(of: material) else { continue }
            for found in classifier.classify(try fill(material.name), holes: holes) {
                matrix.add(expected: expected, found: found)
            }
        }
        prompted = matrix
        layouts = holes.shape[0]
        let rates = materials.map { material in
            (material.name, Double(plain.count { all[$0] == material }) / Double(plain.count))
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
                    "%d holes, each filled for every material; without a prompt a material that is asked for is seen in "
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
